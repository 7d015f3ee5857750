import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LONGER_THAN_ANY_TASK_MS, openSimulator, TEN_SECONDS } from './support.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('a task continues after a restart, and its charge is kept', async () => {
  const before = await openSimulator({ dataDir, latency: TEN_SECONDS });
  const id = await before.buy({ client_business_id: 'r1' });
  before.clock.advance(3_000);
  expect(await before.readStatus(id)).toMatchObject({ status: 'in_progress' });
  await before.close();

  const after = await openSimulator({ dataDir, clock: before.clock });
  expect(await after.readStatus(id)).toMatchObject({ status: 'in_progress' });
  expect(after.book.byBusinessId('r1')).toMatchObject([{ taskId: id, charged: 25_000, refunded: 0 }]);
  after.clock.advance(LONGER_THAN_ANY_TASK_MS);
  expect(await after.readStatus(id)).toMatchObject({ status: 'completed' });
});

test('a task that failed between two runs is refunded once', async () => {
  const before = await openSimulator({ dataDir, faults: [{ kind: 'fail_task' }] });
  const id = await before.buy();
  await before.close();
  before.clock.advance(LONGER_THAN_ANY_TASK_MS);
  for (let restart = 0; restart < 2; restart++) {
    const after = await openSimulator({ dataDir, clock: before.clock });
    expect(after.book.totals()).toEqual({ tasks: 1, charged: 25_000, refunded: 25_000, net: 0 });
    expect(after.book.byTaskId(id)?.status).toBe('failed');
    await after.close();
  }
});

test('an unacknowledged purchase is in the purchase log after a restart', async () => {
  const before = await openSimulator({ dataDir, faults: [{ kind: 'accept_then_cut' }] });
  await expect(before.submit()).rejects.toThrow();
  await before.close();
  const after = await openSimulator({ dataDir });
  expect(after.book.entries()).toMatchObject([{ charged: 25_000, acknowledged: false }]);
});

test('the same seed draws new ids after a restart', async () => {
  const before = await openSimulator({ dataDir, seed: 1 });
  const first = await before.buy();
  await before.close();
  const after = await openSimulator({ dataDir, seed: 1 });
  expect(await after.buy()).not.toBe(first);
  expect(after.book.totals().tasks).toBe(2);
});

test('the balance, uploads and a task ended on demand are kept after a restart', async () => {
  const before = await openSimulator({ dataDir, balance: 1 });
  await before.setBalance(0.1);
  const id = await before.buy();
  await before.tasks.complete(id);
  const form = new FormData();
  form.set('file', new Blob([Buffer.from('GIF89a……')]), 'x.gif');
  const uploaded = await fetch(`${before.url}/v1/uploads/images`, {
    method: 'POST',
    headers: { authorization: `Bearer ${before.apiKey}` },
    body: form,
  });
  const { data } = (await uploaded.json()) as { data: { url: string } };
  await before.close();

  const after = await openSimulator({ dataDir, balance: 1, clock: before.clock });
  expect(await after.readStatus(id)).toMatchObject({ status: 'completed' });
  expect((await fetch(after.url + new URL(data.url).pathname)).status).toBe(200);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await after.submit()).status);
  expect(statuses).toEqual([200, 200, 200, 402]);
});

test('a half-written last line of the journal is dropped, and later lines are kept', async () => {
  const before = await openSimulator({ dataDir });
  await before.buy();
  await before.close();
  await appendFile(join(dataDir, 'journal.jsonl'), '{"type":"task","task":{"id":"ta');
  const middle = await openSimulator({ dataDir });
  expect(middle.book.totals().tasks).toBe(1);
  await middle.buy();
  await middle.close();
  const after = await openSimulator({ dataDir });
  expect(after.book.totals().tasks).toBe(2);
});
