import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@darkroom/testkit';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { writeZip } from '../../src/commands/catalogue/write-zip.ts';

const OPTIONS = { lastModified: new Date('2026-11-27'), signal: new AbortController().signal };

test('a zip that cannot be completed leaves the earlier file as it was, and no part of the new one', async () => {
  const folder = await tempDir();
  const path = join(folder, 'shoes.zip');
  await writeFile(path, 'the earlier file');
  const files = async function* () {
    yield { name: 'images/a.jpg', body: 'a' };
    throw new Error('the store is away');
  };
  await expect(writeZip(path, files(), OPTIONS)).rejects.toThrow('the store is away');
  expect(await readdir(folder)).toEqual(['shoes.zip']);
  expect(await readFile(path, 'utf8')).toBe('the earlier file');
});

test('a zip is written while its files are read', async () => {
  const folder = await tempDir();
  const path = join(folder, 'big.zip');
  const body = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  const files = async function* () {
    for (let number = 0; number < 120; number += 1) {
      const [part = ''] = await readdir(folder);
      written = part === '' ? 0 : (await stat(join(folder, part))).size;
      yield { name: `images/${number}.jpg`, body };
    }
  };
  await writeZip(path, files(), OPTIONS);
  // The rest is in the buffers of streams.
  expect(written).toBeGreaterThan(60 * body.length);
  expect(Object.keys(unzipSync(await readFile(path)))).toHaveLength(120);
});
