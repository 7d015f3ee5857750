import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LONG_MS, simulator, TEN_SECONDS } from './support.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test('a task goes on across a restart, and its bill stays', async () => {
  const before = await simulator({ dataDir, latency: TEN_SECONDS });
  const id = await before.buy({ client_business_id: 'r1' });
  before.clock.advance(3_000);
  expect(await before.look(id)).toMatchObject({ status: 'in_progress' });
  await before.close();

  const after = await simulator({ dataDir, clock: before.clock });
  expect(await after.look(id)).toMatchObject({ status: 'in_progress' });
  expect(after.book.byBusinessId('r1')).toMatchObject([{ taskId: id, charged: 25_000, refunded: 0 }]);
  after.clock.advance(LONG_MS);
  expect(await after.look(id)).toMatchObject({ status: 'completed' });
});

test('a task that failed while the server was away is refunded, once', async () => {
  const before = await simulator({ dataDir, faults: [{ kind: 'fail_task' }] });
  const id = await before.buy();
  await before.close();
  before.clock.advance(LONG_MS);
  for (let restart = 0; restart < 2; restart++) {
    const after = await simulator({ dataDir, clock: before.clock });
    expect(after.book.totals()).toEqual({ tasks: 1, charged: 25_000, refunded: 25_000, net: 0 });
    expect(after.book.byTaskId(id)?.status).toBe('failed');
    await after.close();
  }
});

test('a purchase that the buyer did not hear of is in the book after a restart', async () => {
  const before = await simulator({ dataDir, faults: [{ kind: 'accept_then_cut' }] });
  await expect(before.submit()).rejects.toThrow();
  await before.close();
  const after = await simulator({ dataDir });
  expect(after.book.entries()).toMatchObject([{ charged: 25_000, acknowledged: false }]);
});

test('the same seed draws new ids after a restart', async () => {
  const before = await simulator({ dataDir, seed: 1 });
  const first = await before.buy();
  await before.close();
  const after = await simulator({ dataDir, seed: 1 });
  expect(await after.buy()).not.toBe(first);
  expect(after.book.totals().tasks).toBe(2);
});

test('balance, uploads and a task that was ended by hand survive', async () => {
  const before = await simulator({ dataDir, balance: 1 });
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

  const after = await simulator({ dataDir, balance: 1, clock: before.clock });
  expect(await after.look(id)).toMatchObject({ status: 'completed' });
  expect((await fetch(after.url + new URL(data.url).pathname)).status).toBe(200);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) statuses.push((await after.submit()).status);
  expect(statuses).toEqual([200, 200, 200, 402]);
});

test('a last line that a crash left half written is dropped, what follows it is kept', async () => {
  const before = await simulator({ dataDir });
  await before.buy();
  await before.close();
  await appendFile(join(dataDir, 'journal.jsonl'), '{"type":"task","task":{"id":"ta');
  const middle = await simulator({ dataDir });
  expect(middle.book.totals().tasks).toBe(1);
  await middle.buy();
  await middle.close();
  const after = await simulator({ dataDir });
  expect(after.book.totals().tasks).toBe(2);
});
