import { until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Answer, differences, recorded } from './drop-in/compare.ts';
import { EXCHANGES, look, submit } from './drop-in/exchanges.ts';
import { openOurs, openTheirs, type Place } from './drop-in/places.ts';

/** Long enough to see a task queued, and after a fifth of it at the latest, running. */
const TASK_MS = 30_000;

let ours: Awaited<ReturnType<typeof openOurs>>;
let theirs: Awaited<ReturnType<typeof openTheirs>>;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([openOurs(), openTheirs(TASK_MS)]);
});

test.each(EXCHANGES)('$name is answered as the provider answers it', async ({ ask, differs }) => {
  const [mine, provider] = await Promise.all([recorded(await ask(ours)), recorded(await ask(theirs))]);
  expect(differences(mine, provider).sort()).toEqual([...(differs?.by ?? [])].sort());
});

type Seen = Answer & { body: { id: string; status: string; progress: number } };

const bought = async (at: Place, prompt: string) =>
  ((await recorded(await submit(at, { model: 'gemini-3-pro-image-preview', prompt }))) as Seen).body.id;

const seen = (at: Place, id: string, status: string) =>
  until(
    async () => {
      const answer = (await recorded(await look(at, id))) as Seen;
      return answer.body.status === status ? answer : undefined;
    },
    { timeout: 20_000, what: `the task ${status}` },
  );

// What the prompts say is for the simulator, which is the provider of both.
test('a queued task is told as the provider tells it', async () => {
  const mine = await seen(ours, await bought(ours, '[[sim:slow ms=50000]]'), 'queued');
  const provider = await seen(theirs, await bought(theirs, 'a fox'), 'queued');
  expect(differences(mine, provider)).toEqual([]);
  expect([mine.body.progress, provider.body.progress]).toEqual([0, 0]);
});

test('a task in progress is told as the provider tells it', async () => {
  const mine = await seen(ours, await bought(ours, '[[sim:stuck]]'), 'in_progress');
  const provider = await seen(theirs, await bought(theirs, 'a fox'), 'in_progress');
  expect(differences(mine, provider)).toEqual([]);
  for (const { progress } of [mine.body, provider.body]) {
    expect(progress).toBeGreaterThan(0);
    expect(progress).toBeLessThan(100);
  }
});

test('a completed task is told as the provider tells it', async () => {
  const id = await bought(theirs, 'a fox');
  await theirs.simulator.tasks.complete(id);
  const provider = await seen(theirs, id, 'completed');
  const mine = await seen(ours, await bought(ours, 'a fox'), 'completed');
  expect(differences(mine, provider)).toEqual([]);
  expect([mine.body.progress, provider.body.progress]).toEqual([100, 100]);
});

test('a failed task is told as the provider tells it', async () => {
  const id = await bought(theirs, 'a fox');
  await theirs.simulator.tasks.fail(id);
  const provider = await seen(theirs, id, 'failed');
  const mine = await seen(ours, await bought(ours, '[[sim:fail_task]]'), 'failed');
  expect(differences(mine, provider)).toEqual([]);
  expect([mine.body.progress, provider.body.progress]).toEqual([0, 0]);
});

test('a task whose content was refused has failed, with the code that says so', async () => {
  const mine = await seen(ours, await bought(ours, '[[sim:refuse_content]]'), 'failed');
  // The provider refuses it at the submission, with 422: ours was accepted before the provider was asked.
  const refused = (await recorded(
    await submit(theirs, { model: 'gemini-3-pro-image-preview', prompt: '[[sim:refuse_content]]' }),
  )) as { status: number; body: { error: { code: string } } };
  expect(refused.status).toBe(422);
  expect(mine.body).toMatchObject({ error: { code: refused.body.error.code } });
});

test('the comparison sees a missing field, another type, another code and a time in milliseconds', () => {
  const answer = (body: unknown, more: Partial<Answer> = {}): Answer => ({
    status: 200,
    contentType: 'application/json',
    headers: [],
    body,
    ...more,
  });
  const task = {
    id: 'a',
    status: 'completed',
    created_at: 1_703_884_800,
    result: { data: [{ url: 'https://a' }] },
  };
  const other = (change: object) => differences(answer({ ...task, ...change }), answer(task));
  expect(other({ id: 'b', created_at: 1_703_884_801, result: { data: [{ url: 'http://b' }] } })).toEqual([]);
  expect(other({ status: 'failed' })).toEqual(['status is failed, not completed']);
  expect(other({ created_at: 1_703_884_800_000 })).toEqual(['created_at is milliseconds, not seconds']);
  expect(other({ result: { data: [{ url: 'here' }] } })).toEqual(['result.data.0.url is string, not a URL']);
  expect(other({ result: { data: [] } })).toEqual(['result.data is an array of 0, not an array of 1']);
  expect(other({ more: null })).toEqual(["more is not the provider's"]);
  expect(differences(answer({}), answer({ id: 'a' }))).toEqual(['id is missing']);
  expect(differences(answer({}, { status: 201, contentType: 'text/html' }), answer({}))).toEqual([
    'status 201, not 200',
    'content type text/html, not application/json',
  ]);
});
