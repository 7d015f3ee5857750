import { describe, expect, test } from 'vitest';
import { buyFinished, LONGER_THAN_ANY_TASK_MS, openSimulator, TEN_SECONDS } from './support.ts';

describe('a task', () => {
  test('a task goes from queued through in_progress to completed, with rising progress', async () => {
    const sim = await openSimulator({ latency: TEN_SECONDS });
    const id = await sim.buy();
    const seen: { status: string; progress: number }[] = [];
    for (let second = 0; second <= 10; second++) {
      seen.push((await sim.readStatus(id)) as { status: string; progress: number });
      sim.clock.advance(1_000);
    }
    expect(seen[0]).toMatchObject({ status: 'queued', progress: 0 });
    expect(seen.slice(2, 10).every(({ status }) => status === 'in_progress')).toBe(true);
    expect(seen[10]).toMatchObject({ status: 'completed', progress: 100 });
    const progress = seen.map((answer) => answer.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('a completed task has the result in both documented places, and its expiry', async () => {
    const sim = await openSimulator({ resultTtlMs: 60_000 });
    const id = await sim.buy();
    sim.clock.advance(LONGER_THAN_ANY_TASK_MS);
    const answer = (await sim.readStatus(id)) as Record<string, number> & { url: string };
    expect(answer).toMatchObject({
      id,
      object: 'generation.task',
      status: 'completed',
      result: { type: 'image', data: [{ url: answer.url }] },
      url: expect.stringMatching(new RegExp(`^${sim.url}/generated/.*\\.jpg$`)),
    });
    const finishesAt = sim.tasks.get(id)?.finishesAt ?? 0;
    expect(answer['completed_at']).toBe(Math.floor(finishesAt / 1000));
    expect(answer['expires_at']).toBe(Math.floor((finishesAt + 60_000) / 1000));
  });

  test('an unknown task is 404 task_not_found', async () => {
    const sim = await openSimulator();
    const response = await sim.query('task_img_unknown');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: 'task_not_found', message: 'Task not found', type: 'not_found_error' },
    });
  });

  test('a task takes 5 to 90 seconds, the median about 12, and 4K takes longer', async () => {
    const sim = await openSimulator();
    const times = async (resolution: string): Promise<number[]> => {
      const found: number[] = [];
      for (let i = 0; i < 200; i++) {
        const task = sim.tasks.get(await sim.buy({ resolution }));
        found.push(((task?.finishesAt ?? 0) - (task?.createdAt ?? 0)) / 1000);
      }
      return found.sort((a, b) => a - b);
    };
    const [small, large] = [await times('1K'), await times('4K')];
    expect(small[0]).toBeGreaterThanOrEqual(5);
    expect(small.at(-1)).toBeLessThanOrEqual(90);
    expect(small[100]).toBeGreaterThan(9);
    expect(small[100]).toBeLessThan(15);
    expect(large[100]).toBeGreaterThan((small[100] ?? 0) * 1.5);
  });

  test('a task is 50 times faster at a time scale of 0.02', async () => {
    const sim = await openSimulator({ timeScale: 0.02, latency: TEN_SECONDS });
    const id = await sim.buy();
    sim.clock.advance(199);
    expect(await sim.readStatus(id)).toMatchObject({ status: 'in_progress' });
    sim.clock.advance(1);
    expect(await sim.readStatus(id)).toMatchObject({ status: 'completed' });
  });
});

describe('a result', () => {
  test('a result is served until it expires, and is then 403', async () => {
    const sim = await openSimulator({ instant: true, resultTtlMs: 5_000 });
    const id = await sim.buy();
    const { url } = (await sim.readStatus(id)) as { url: string };
    sim.clock.advance(4_999);
    expect((await fetch(url)).status).toBe(200);
    sim.clock.advance(1);
    const expired = await fetch(url);
    expect(expired.status).toBe(403);
    expect(await expired.text()).toContain('expired');
  });

  test('the result of an unfinished task does not exist yet', async () => {
    const sim = await openSimulator();
    const id = await sim.buy();
    expect((await fetch(`${sim.url}/generated/${id}.jpg`)).status).toBe(404);
  });

  test('the result URL has the public host when resultHost is set', async () => {
    const sim = await openSimulator({ resultHost: 'https://files.example.test/' });
    expect(await buyFinished(sim)).toMatch(/^https:\/\/files\.example\.test\/generated\//);
  });

  test('in instant mode the first query has the result, always the same small PNG', async () => {
    const sim = await openSimulator({ instant: true });
    const [one, two] = [await sim.buy({ prompt: 'one' }), await sim.buy({ prompt: 'two' })];
    const bodies = await Promise.all(
      [one, two].map(async (id) => {
        const answer = (await sim.readStatus(id)) as { status: string; url: string };
        expect(answer.status).toBe('completed');
        const response = await fetch(answer.url);
        expect(response.headers.get('content-type')).toBe('image/png');
        return Buffer.from(await response.arrayBuffer());
      }),
    );
    expect(bodies[0]?.equals(bodies[1] ?? Buffer.alloc(0))).toBe(true);
    expect(bodies[0]?.length).toBeLessThan(1_000);
  });
});
