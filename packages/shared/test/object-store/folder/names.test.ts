import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@darkroom/testkit';
import { beforeEach, expect, test } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/index.ts';
import { openFolder, plainText } from '../../support/stores.ts';

const MANY = 1_000;
let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  const dir = await tempDir();
  store = await openFolder(dir);
  folder = join(dir, 'objects/many');
  await mkdir(folder);
  for (let n = 0; n < MANY; n += 1) await writeFile(join(folder, `k${n}`), '');
});

const readLast = async () => (await store.list({ prefix: 'many/', cursor: 'many/k999' })).objects;
/** As if the last change of the folder was at this time. */
const setChangeTime = (at: number) => utimes(folder, at / 1_000, at / 1_000);
const LONG_AGO = Date.UTC(2026, 0, 1);

test('a new object in a large folder is listed at once, also when the folder was read just before', async () => {
  for (const prepare of [() => setChangeTime(LONG_AGO), async () => undefined]) {
    await prepare();
    expect(await readLast()).toEqual([]);
    await store.put('many/z', '', plainText);
    expect((await readLast()).map(({ key }) => key)).toEqual(['many/z']);
    await store.delete('many/z');
    expect(await readLast()).toEqual([]);
  }
});

test('a large folder whose last change is long ago is read once', async () => {
  await setChangeTime(LONG_AGO);
  expect(await readLast()).toEqual([]);
  await writeFile(join(folder, 'z'), '');
  await setChangeTime(LONG_AGO);
  expect(await readLast()).toEqual([]);
});

test('a folder that changed in the last seconds is read again, because file systems round its time', async () => {
  const now = Date.now();
  await setChangeTime(now);
  expect(await readLast()).toEqual([]);
  await writeFile(join(folder, 'z'), '');
  await setChangeTime(now);
  expect(await readLast()).toHaveLength(1);
});
