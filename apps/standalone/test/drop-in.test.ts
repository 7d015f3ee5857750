import { until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { EXCHANGES, poll, submit } from './drop-in/exchanges.ts';
import { listDifferences, type RecordedResponse, record } from './support/compare-responses.ts';
import { type Endpoint, openOurs, openTheirs } from './support/drop-in-endpoints.ts';

/** Long enough to see a task queued. It runs after a fifth of this time at the latest. */
const TASK_MS = 30_000;

let ours: Awaited<ReturnType<typeof openOurs>>;
let theirs: Awaited<ReturnType<typeof openTheirs>>;

beforeAll(async () => {
  [ours, theirs] = await Promise.all([openOurs(), openTheirs(TASK_MS)]);
});

test.each(EXCHANGES)('Darkroom answers $name as the provider does', async ({ send, differs }) => {
  const [mine, provider] = await Promise.all([record(await send(ours)), record(await send(theirs))]);
  expect(listDifferences(mine, provider).sort()).toEqual([...(differs?.by ?? [])].sort());
});

type TaskResponse = RecordedResponse & { body: { id: string; status: string; progress: number } };

const buy = async (at: Endpoint, prompt: string) =>
  ((await record(await submit(at, { model: 'gemini-3-pro-image-preview', prompt }))) as TaskResponse).body.id;

const waitForStatus = (at: Endpoint, id: string, status: string) =>
  until(
    async () => {
      const answer = (await record(await poll(at, id))) as TaskResponse;
      return answer.body.status === status ? answer : undefined;
    },
    { timeout: 20_000, what: `the task ${status}` },
  );

// The marks in the prompts steer the simulator, which is the provider of both.
test('Darkroom reports a queued task as the provider does', async () => {
  const mine = await waitForStatus(ours, await buy(ours, '[[sim:slow ms=50000]]'), 'queued');
  const provider = await waitForStatus(theirs, await buy(theirs, 'a fox'), 'queued');
  expect(listDifferences(mine, provider)).toEqual([]);
  expect([mine.body.progress, provider.body.progress]).toEqual([0, 0]);
});

test('Darkroom reports a task in progress as the provider does', async () => {
  const mine = await waitForStatus(ours, await buy(ours, '[[sim:stuck]]'), 'in_progress');
  const provider = await waitForStatus(theirs, await buy(theirs, 'a fox'), 'in_progress');
  expect(listDifferences(mine, provider)).toEqual([]);
  for (const { progress } of [mine.body, provider.body]) {
    expect(progress).toBeGreaterThan(0);
    expect(progress).toBeLessThan(100);
  }
});

test('Darkroom reports a completed task as the provider does', async () => {
  const id = await buy(theirs, 'a fox');
  await theirs.simulator.tasks.complete(id);
  const provider = await waitForStatus(theirs, id, 'completed');
  const mine = await waitForStatus(ours, await buy(ours, 'a fox'), 'completed');
  expect(listDifferences(mine, provider)).toEqual([]);
  expect([mine.body.progress, provider.body.progress]).toEqual([100, 100]);
});

test('Darkroom reports a failed task as the provider does', async () => {
  const id = await buy(theirs, 'a fox');
  await theirs.simulator.tasks.fail(id);
  const provider = await waitForStatus(theirs, id, 'failed');
  const mine = await waitForStatus(ours, await buy(ours, '[[sim:fail_task]]'), 'failed');
  expect(listDifferences(mine, provider)).toEqual([]);
  expect([mine.body.progress, provider.body.progress]).toEqual([0, 0]);
});

test("Darkroom reports refused content as a failed task with the provider's error code", async () => {
  const mine = await waitForStatus(ours, await buy(ours, '[[sim:refuse_content]]'), 'failed');
  // The provider refuses the submission with 422. Darkroom has accepted the request before it asks the provider.
  const refused = (await record(
    await submit(theirs, { model: 'gemini-3-pro-image-preview', prompt: '[[sim:refuse_content]]' }),
  )) as { status: number; body: { error: { code: string } } };
  expect(refused.status).toBe(422);
  expect(mine.body).toMatchObject({ error: { code: refused.body.error.code } });
});

test('the comparison sees a missing field, another type, another code and a time in milliseconds', () => {
  const response = (body: unknown, more: Partial<RecordedResponse> = {}): RecordedResponse => ({
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
  const other = (change: object) => listDifferences(response({ ...task, ...change }), response(task));
  expect(other({ id: 'b', created_at: 1_703_884_801, result: { data: [{ url: 'http://b' }] } })).toEqual([]);
  expect(other({ status: 'failed' })).toEqual(['status is failed, not completed']);
  expect(other({ created_at: 1_703_884_800_000 })).toEqual(['created_at is milliseconds, not seconds']);
  expect(other({ result: { data: [{ url: 'here' }] } })).toEqual(['result.data.0.url is string, not a URL']);
  expect(other({ result: { data: [] } })).toEqual(['result.data is an array of 0, not an array of 1']);
  expect(other({ more: null })).toEqual(["more is not the provider's"]);
  expect(listDifferences(response({}), response({ id: 'a' }))).toEqual(['id is missing']);
  expect(listDifferences(response({}, { status: 201, contentType: 'text/html' }), response({}))).toEqual([
    'status 201, not 200',
    'content type text/html, not application/json',
  ]);
});
