import { latch, tempDir, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createJournalWriter, listEntries, readEntry } from '../../src/journal/index.ts';
import { type ObjectStore, openStore } from '../../src/object-store/index.ts';
import {
  type Checkpoint,
  DATA_VERSION,
  drawRenderId,
  NewerDataError,
  serializeCheckpoint,
} from '../../src/render/index.ts';
import { systemClock } from '../../src/runtime/index.ts';

const createCheckpoint = (prompt = 'a mug'): Checkpoint => ({
  version: DATA_VERSION,
  renderId: drawRenderId(),
  tenant: 'default',
  request: { model: 'gemini-3-pro-image-preview', prompt, resolution: '1K', images: [], priority: 'batch' },
  fingerprint: 'f',
  provider: 'toapis',
  creatorToken: 't',
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
  attempt: 1,
  purchases: [],
  at: { step: 'submit' },
});

/** A clock that stands still until the test moves it. */
function createManualClock() {
  let now = 1_700_000_000_000;
  const sleepers: { until: number; wake: () => void }[] = [];
  return {
    now: () => now,
    sleep: (ms: number) =>
      new Promise<void>((resolve) => void sleepers.push({ until: now + ms, wake: resolve })),
    sleeping: () => sleepers.length,
    advance: (ms: number) => {
      now += ms;
      for (const sleeper of sleepers.splice(0)) {
        if (sleeper.until <= now) sleeper.wake();
        else sleepers.push(sleeper);
      }
    },
  };
}

async function openJournal(options: { waitMs?: number; put?: ObjectStore['put'] } = {}) {
  const store = await openStore({ dataDir: await tempDir(), clock: systemClock });
  const clock = createManualClock();
  const unwritten: string[] = [];
  const journal = createJournalWriter({
    clock,
    waitMs: options.waitMs ?? 0,
    put: (key, body) =>
      (options.put ?? store.put.bind(store))(key, body, { contentType: 'application/json' }),
    remove: (key) => store.delete(key),
    onUnwritten: (key) => void unwritten.push(key),
  });
  const writer = {
    append: (checkpoints: readonly Checkpoint[]) => journal.append(checkpoints.map(serializeCheckpoint)),
  };
  const readAll = async () => {
    const entries: Checkpoint[][] = [];
    for await (const part of listEntries(store)) {
      for (const { key } of part) entries.push((await readEntry(store, key))?.checkpoints ?? []);
    }
    return entries;
  };
  return { store, clock, writer, unwritten, readAll };
}

test('entries are listed in the order in which they were written', async () => {
  const { writer, clock, readAll } = await openJournal();
  const renders = Array.from({ length: 12 }, (_, at) => createCheckpoint(`render ${at}`));
  for (const render of renders) {
    await writer.append([render]);
    clock.advance(1);
  }
  expect(await readAll()).toEqual(renders.map((render) => [render]));
});

test('entries are listed in parts that fit into memory', async () => {
  const { store } = await openJournal();
  const sizes = [...Array.from({ length: 5 }, () => 10), 600_000, 390_000, 600_000, 1_500_000, 10];
  for (const [at, size] of sizes.entries())
    await store.put(`intake/170000000000${at}-00.json`, 'x'.repeat(size), {
      contentType: 'application/json',
    });
  const parts: number[][] = [];
  for await (const part of listEntries(store, { maxEntries: 4 })) parts.push(part.map(({ size }) => size));
  expect(parts).toEqual([[10, 10, 10, 10], [10, 600_000, 390_000], [600_000], [1_500_000], [10]]);
});

test('single checkpoints that arrive within the wait share one object, and none waits longer', async () => {
  const { writer, clock, readAll } = await openJournal({ waitMs: 5 });
  const renders = [createCheckpoint(), createCheckpoint(), createCheckpoint()] as const;
  const appended = [writer.append([renders[0]])];
  clock.advance(4);
  appended.push(writer.append([renders[1]]));
  // Only the first one sleeps: a steady stream of calls does not delay the object.
  expect(clock.sleeping()).toBe(1);
  expect(await readAll()).toEqual([]);
  clock.advance(1);
  await Promise.all(appended);
  const last = writer.append([renders[2]]);
  clock.advance(5);
  await last;
  expect(await readAll()).toEqual([[renders[0], renders[1]], [renders[2]]]);
});

test('while two objects are being written, the next calls with several checkpoints share one', async () => {
  const gates = [latch(), latch()];
  let writes = 0;
  const puts: ObjectStore['put'] = async (...args) => {
    await gates[writes++]?.wait();
    await opened.store.put(...args);
  };
  const opened = await openJournal({ put: puts });
  const { writer, clock, readAll } = opened;
  const batches = Array.from({ length: 5 }, (_, at) => [
    createCheckpoint(`${at} a`),
    createCheckpoint(`${at} b`),
  ]);
  const appended: ReturnType<typeof writer.append>[] = [];
  for (const [at, batch] of batches.entries()) {
    appended.push(writer.append(batch));
    if (at < gates.length) await until(() => writes === at + 1);
    clock.advance(50);
  }
  for (const gate of gates) gate.open();
  const receipts = await Promise.all(appended);
  const entries = await readAll();
  expect(entries.map((entry) => entry.length).toSorted((one, other) => one - other)).toEqual([2, 2, 6]);
  // Each object has its own bytes, although the next one was encoded before it was stored.
  const sortById = (renders: Checkpoint[]) =>
    renders.toSorted((one, other) => one.renderId.localeCompare(other.renderId));
  expect(sortById(entries.flat())).toEqual(sortById(batches.flat()));
  // A call takes only its own renders out of a shared object.
  await receipts[4]?.withdraw(batches[4]?.map(({ renderId }) => renderId) ?? []);
  expect((await readAll()).map((entry) => entry.length).toSorted((one, other) => one - other)).toEqual([
    2, 2, 4,
  ]);
});

test('several checkpoints are written at once', async () => {
  const { writer, clock, readAll } = await openJournal({ waitMs: 5 });
  const batch = [createCheckpoint(), createCheckpoint()];
  await writer.append(batch);
  expect(clock.sleeping()).toBe(0);
  expect(await readAll()).toEqual([batch]);
});

test('batches that follow each other closely share one object per 50 ms', async () => {
  const { writer, clock, readAll } = await openJournal();
  const batches = Array.from({ length: 4 }, (_, at) => [
    createCheckpoint(`${at} a`),
    createCheckpoint(`${at} b`),
  ]);
  const [first = [], ...others] = batches;
  await writer.append(first);
  const next = others.map((batch) => writer.append(batch));
  await until(() => clock.sleeping() === 1);
  clock.advance(49);
  expect((await readAll()).map((entry) => entry.length)).toEqual([2]);
  clock.advance(1);
  await Promise.all(next);
  expect((await readAll()).map((entry) => entry.length).toSorted((one, other) => one - other)).toEqual([
    2, 6,
  ]);
});

test('a clock that was set back delays no write', async () => {
  const { writer, clock, readAll } = await openJournal();
  await writer.append([createCheckpoint(), createCheckpoint()]);
  clock.advance(-3_600_000);
  await writer.append([createCheckpoint(), createCheckpoint()]);
  expect((await readAll()).map((entry) => entry.length)).toEqual([2, 2]);
});

test('no checkpoints make no object', async () => {
  const { writer, readAll } = await openJournal();
  await (await writer.append([])).withdraw([]);
  expect(await readAll()).toEqual([]);
});

test('a withdrawn render leaves a shared entry, and the last one takes the object with it', async () => {
  const { writer, clock, readAll } = await openJournal({ waitMs: 5 });
  const [first, second] = [createCheckpoint(), createCheckpoint()];
  const appended = [writer.append([first]), writer.append([second])] as const;
  clock.advance(5);
  const [one, other] = await Promise.all(appended);
  await one.withdraw([first.renderId]);
  expect(await readAll()).toEqual([[second]]);
  await other.withdraw([second.renderId]);
  expect(await readAll()).toEqual([]);
});

test('of two calls with one key in an entry, only the withdrawn one leaves it', async () => {
  const { writer, clock, readAll } = await openJournal({ waitMs: 5 });
  const faster = createCheckpoint('faster');
  const slower = { ...createCheckpoint('slower'), renderId: faster.renderId };
  const appended = [writer.append([faster]), writer.append([slower])] as const;
  clock.advance(5);
  const [, receipt] = await Promise.all(appended);
  await receipt.withdraw([slower.renderId]);
  expect(await readAll()).toEqual([[faster]]);
});

test('renders that are withdrawn at the same time all leave the entry', async () => {
  const { writer, readAll } = await openJournal();
  const renders = Array.from({ length: 5 }, () => createCheckpoint());
  const receipt = await writer.append(renders);
  await Promise.all(renders.slice(1).map(({ renderId }) => receipt.withdraw([renderId])));
  expect(await readAll()).toEqual([renders.slice(0, 1)]);
});

test('all calls of an object that was not written fail, and its key is reported', async () => {
  const { writer, clock, unwritten } = await openJournal({
    waitMs: 5,
    put: () => Promise.reject(new Error('gone')),
  });
  const appended = [writer.append([createCheckpoint()]), writer.append([createCheckpoint()])];
  clock.advance(5);
  for (const one of await Promise.allSettled(appended)) expect(one.status).toBe('rejected');
  expect(unwritten).toHaveLength(1);
});

test('a large entry is compressed, and its key has its size in memory', async () => {
  const { store, writer, readAll } = await openJournal();
  const renders = Array.from({ length: 100 }, (_, at) => createCheckpoint(`a mug, view ${at}`));
  const receipt = await writer.append(renders);
  const [object] = (await store.list({ prefix: 'intake/' })).objects;
  const bytes = Number(/-(\d+)\.json\.zst$/.exec(object?.key ?? '')?.[1]);
  expect(bytes).toBeGreaterThan(20_000);
  expect(object?.size).toBeLessThan(bytes / 4);
  const listed = [];
  for await (const part of listEntries(store)) listed.push(...part);
  expect(listed).toEqual([{ key: object?.key, size: bytes }]);
  expect(await readAll()).toEqual([renders]);
  await receipt.withdraw(renders.slice(1).map(({ renderId }) => renderId));
  expect(await readAll()).toEqual([renders.slice(0, 1)]);
});

test('entries of many megabytes and of many alphabets are whole, and so are the small ones after them', async () => {
  const { writer, clock, readAll } = await openJournal();
  const sizes = [1, 3_000, 30, 30_000, 2];
  const entries = sizes.map((size) => [
    createCheckpoint('a mug'),
    createCheckpoint('Tasse für Öl, 陶器のマグ, ☕️ '.repeat(size)),
  ]);
  for (const entry of entries) {
    await writer.append(entry);
    clock.advance(50);
  }
  expect(await readAll()).toEqual(entries);
});

test('a compressed entry that was cut, or that is larger than its key says, is an error', async () => {
  const { store, writer } = await openJournal();
  await writer.append(Array.from({ length: 100 }, () => createCheckpoint()));
  const [{ key } = { key: '' }] = (await store.list({ prefix: 'intake/' })).objects;
  const body = (await store.get(key)) ?? Buffer.from('');
  const contentType = 'application/zstd';
  await store.put(key, body.subarray(0, body.length - 40), { contentType });
  await expect(readEntry(store, key)).rejects.toThrow();
  const smaller = key.replace(/-\d+\.json/, '-9000.json');
  await store.put(smaller, body, { contentType });
  await expect(readEntry(store, smaller)).rejects.toThrow();
});

test('an entry of a newer version is an error of its own, so that it is kept', async () => {
  const { store } = await openJournal();
  const key = 'intake/1700000000000-0123456789abcdef.json';
  await store.put(key, JSON.stringify({ version: DATA_VERSION + 1, checkpoints: [] }), {
    contentType: 'application/json',
  });
  await expect(readEntry(store, key)).rejects.toBeInstanceOf(NewerDataError);
});
