import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { spawnNode, tempDir } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { toStoreError } from '../../../src/object-store/folder/errors.ts';
import { openStore } from '../../../src/object-store/index.ts';
import { systemClock } from '../../../src/runtime/index.ts';
import { decodeText, openFolder, plainText, storeErrorFrom } from '../../support/stores.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
// On a busy machine, a process takes many seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const open = (dataDir: string) => openStore({ dataDir, clock: systemClock });

test('a writer killed at any moment leaves only whole objects, each with its own metadata', async () => {
  const dataDir = await tempDir();
  for (let kill = 1; kill <= 5; kill += 1) {
    const writer = spawnNode(fixture('writer.ts'), { env: { DATA_DIR: dataDir } });
    await writer.waitForLine(`wrote ${kill * 2}`);
    await writer.kill('SIGKILL');

    const store = await open(dataDir);
    const slow = await store.getStream('slow');
    const bytes = Buffer.concat((await slow?.stream.toArray()) as Buffer[]);
    const { byte, size } = slow?.info.metadata ?? {};
    expect(slow?.info.contentType).toBe('image/png');
    expect(bytes.equals(Buffer.alloc(Number(size), Number(byte)))).toBe(true);
    const { objects } = await store.list({ prefix: '' });
    expect(objects.map(({ key }) => key)).toContain('slow');
    for (const { key } of objects.filter((object) => object.key !== 'slow'))
      expect(`once/${JSON.parse(decodeText(await store.get(key)) ?? '').version}`).toBe(key);
  }
});

test('of several processes, one creates each key, and none reads a partial object', async () => {
  const dataDir = await tempDir();
  const racers = Array.from({ length: 3 }, () =>
    spawnNode(fixture('racer.ts'), { env: { DATA_DIR: dataDir } }),
  );
  const won = await Promise.all(racers.map((racer) => racer.waitForLine(/^won/, { timeout: 60_000 })));
  expect(racers.flatMap((racer) => racer.lines).filter((line) => !line.startsWith('won'))).toEqual([]);
  const all = won.flatMap((line) => JSON.parse(line.slice(4)) as number[]);
  expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, n) => n));
});

test('objects are plain files that people can open', async () => {
  const dir = await tempDir();
  const store = await openFolder(dir);
  await store.put('images/a.png', 'pixels', { contentType: 'image/png' });
  expect(await readFile(join(dir, 'objects/images/a.png'), 'utf8')).toBe('pixels');
  expect(await store.signedUrl('images/a.png', 1000)).toBeUndefined();
});

test('a key cannot be the folder of another', async () => {
  const store = await openFolder();
  await store.put('a/b', 'x', plainText);
  expect((await storeErrorFrom(store.put('a', 'x', plainText))).code).toBe('invalid_key');
  expect((await storeErrorFrom(store.putIfAbsent('a', 'x', plainText))).code).toBe('invalid_key');
  expect((await storeErrorFrom(store.put('a/b/c', 'x', plainText))).code).toBe('invalid_key');
  expect((await storeErrorFrom(store.putIfAbsent('a/b/c', 'x', plainText))).code).toBe('invalid_key');
  expect(decodeText(await store.get('a/b'))).toBe('x');
});

test('a copy of the folder keeps content types and metadata', async () => {
  const [dir, copy] = [await tempDir(), await tempDir()];
  const store = await openFolder(dir);
  await store.put('k', 'old', plainText);
  await store.put('k', 'newer', { contentType: 'image/png', metadata: { sha256: 'ab' } });
  await cp(dir, copy, { recursive: true });
  const restored = await openFolder(copy);
  expect(await restored.head('k')).toMatchObject({ contentType: 'image/png', metadata: { sha256: 'ab' } });
});

test.each([
  ['json', 'application/json'],
  ['json.zst', 'application/zstd'],
])('an object *.%s without metadata has no sidecar, and keeps its content type', async (end, contentType) => {
  const dir = await tempDir();
  const store = await openFolder(dir);
  const keys = [`a/entry.${end}`, `a/intent.${end}`] as const;
  await store.put(keys[0], '{}', { contentType });
  expect(await store.putIfAbsent(keys[1], '{}', { contentType })).toBe(true);
  expect(existsSync(join(dir, 'meta'))).toBe(false);
  for (const key of keys) expect(await store.head(key)).toMatchObject({ size: 2, contentType, metadata: {} });
  await store.put(keys[0], '[]', { contentType: 'text/plain' });
  expect((await store.head(keys[0]))?.contentType).toBe('text/plain');
});

test('JSON without metadata has none after a crash that left the sidecar of a deleted object', async () => {
  const dir = await tempDir();
  const store = await openFolder(dir);
  const json = { contentType: 'application/json' };
  await store.put('k.json', '{}', { ...json, metadata: { sha256: 'ab' } });
  await rm(join(dir, 'objects/k.json'));
  await store.put('k.json', '[]', json);
  expect((await store.head('k.json'))?.metadata).toEqual({});
});

test('deleting all objects leaves no folder, sidecar or temporary file', async () => {
  const dir = await tempDir();
  const store = await openFolder(dir);
  for (const key of ['a/b/c', 'a/b/d', 'e'])
    await store.put(key, 'x', { ...plainText, metadata: { k: 'v' } });
  await store.put('e', 'again', plainText);
  for (const key of ['a/b/c', 'a/b/d', 'e']) await store.delete(key);
  for (const tree of ['objects', 'meta', 'tmp']) expect(await readdir(join(dir, tree))).toEqual([]);
});

test('opening a store removes temporary files older than a day, and no younger ones', async () => {
  const dir = await tempDir();
  await mkdir(join(dir, 'tmp'));
  await writeFile(join(dir, 'tmp/old'), 'x');
  await utimes(join(dir, 'tmp/old'), 1, 1);
  await writeFile(join(dir, 'tmp/young'), 'x');
  await openFolder(dir);
  expect(await readdir(join(dir, 'tmp'))).toEqual(['young']);
});

test('openStore() refuses a folder that cannot be created', async () => {
  const dir = await tempDir();
  await writeFile(join(dir, 'file'), '');
  const storeUrl = pathToFileURL(join(dir, 'file/store')).href;
  await storeErrorFrom(openStore({ storeUrl, dataDir: dir, clock: systemClock }));
});

test('while the disk of the folder is not mounted nothing counts as missing and nothing is written', async () => {
  const dir = join(await tempDir(), 'store');
  const store = await openFolder(dir);
  await store.put('k', 'x', plainText);
  await rename(dir, `${dir}-unmounted`);
  await mkdir(dir);
  for (const call of [
    () => store.get('k'),
    () => store.getStream('k'),
    () => store.head('k'),
    () => store.list({ prefix: '' }),
    () => store.delete('k'),
    () => store.put('k', 'y', plainText),
    () => store.putIfAbsent('k', 'y', plainText),
  ])
    expect((await storeErrorFrom(call())).code).toBe('unavailable');
  expect(await readdir(dir)).toEqual([]);
  await rm(dir, { recursive: true });
  await rename(`${dir}-unmounted`, dir);
  expect(decodeText(await store.get('k'))).toBe('x');
});

test.each([
  ['ENOSPC', 'unavailable'],
  ['EIO', 'unavailable'],
  ['ESTALE', 'unavailable'],
  ['ENOTCONN', 'unavailable'],
  ['ENODEV', 'unavailable'],
  ['EACCES', 'denied'],
  ['EROFS', 'denied'],
  ['EISDIR', 'invalid_key'],
] as const)('the error %s of a file system is the StoreError %s', (code, expected) => {
  const error = Object.assign(new Error(code), { code, errno: -1 });
  expect(toStoreError(error, 'get k').code).toBe(expected);
});

test('an error that is not from the file system is no outage', () => {
  expect(toStoreError(new TypeError('a bug'), 'get k').code).toBe('internal');
});
