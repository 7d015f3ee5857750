import { describe, expect, test } from 'vitest';
import { finished, LONG_MS, simulator, TEN_SECONDS } from './support.ts';

describe('a task', () => {
  test('goes from queued through in_progress with rising progress to completed', async () => {
    const sim = await simulator({ latency: TEN_SECONDS });
    const id = await sim.buy();
    const seen: { status: string; progress: number }[] = [];
    for (let second = 0; second <= 10; second++) {
      seen.push((await sim.look(id)) as { status: string; progress: number });
      sim.clock.advance(1_000);
    }
    expect(seen[0]).toMatchObject({ status: 'queued', progress: 0 });
    expect(seen.slice(2, 10).every(({ status }) => status === 'in_progress')).toBe(true);
    expect(seen[10]).toMatchObject({ status: 'completed', progress: 100 });
    const progress = seen.map((answer) => answer.progress);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  test('that completed has the result in both documented places, and says when it expires', async () => {
    const sim = await simulator({ resultTtlMs: 60_000 });
    const id = await sim.buy();
    sim.clock.advance(LONG_MS);
    const answer = (await sim.look(id)) as Record<string, number> & { url: string };
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

  test('that nobody bought is 404 task_not_found', async () => {
    const sim = await simulator();
    const response = await sim.query('task_img_nobody');
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { code: 'task_not_found', message: 'Task not found', type: 'not_found_error' },
    });
  });

  test('takes 5 to 90 seconds, half of them about 12, and 4K takes longer', async () => {
    const sim = await simulator();
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

  test('is 50 times faster at a time scale of 0.02', async () => {
    const sim = await simulator({ timeScale: 0.02, latency: TEN_SECONDS });
    const id = await sim.buy();
    sim.clock.advance(199);
    expect(await sim.look(id)).toMatchObject({ status: 'in_progress' });
    sim.clock.advance(1);
    expect(await sim.look(id)).toMatchObject({ status: 'completed' });
  });
});

describe('a result', () => {
  test('is served until it expires, and then answers 403', async () => {
    const sim = await simulator({ instant: true, resultTtlMs: 5_000 });
    const id = await sim.buy();
    const { url } = (await sim.look(id)) as { url: string };
    sim.clock.advance(4_999);
    expect((await fetch(url)).status).toBe(200);
    sim.clock.advance(1);
    const expired = await fetch(url);
    expect(expired.status).toBe(403);
    expect(await expired.text()).toContain('expired');
  });

  test('of an unfinished task does not exist yet', async () => {
    const sim = await simulator();
    const id = await sim.buy();
    expect((await fetch(`${sim.url}/generated/${id}.jpg`)).status).toBe(404);
  });

  test('is announced at the public host when one is set', async () => {
    const sim = await simulator({ resultHost: 'https://files.example.test/' });
    expect(await finished(sim)).toMatch(/^https:\/\/files\.example\.test\/generated\//);
  });

  test('in instant mode is there at the first look and always the same tiny PNG', async () => {
    const sim = await simulator({ instant: true });
    const [one, two] = [await sim.buy({ prompt: 'one' }), await sim.buy({ prompt: 'two' })];
    const bodies = await Promise.all(
      [one, two].map(async (id) => {
        const answer = (await sim.look(id)) as { status: string; url: string };
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
