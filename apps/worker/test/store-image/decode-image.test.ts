import { readFile, writeFile } from 'node:fs/promises';
import { tempDir } from '@darkroom/testkit';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage, NotAnImage } from '../../src/store-image/decode-image.ts';

/** Decodes a file as the store-image stage does, with its first bytes. */
const decode = async (path: string) => decodeImage({ path, head: (await readFile(path)).subarray(0, 4096) });

/** Noise: an image whose bytes all matter. */
const noise = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#777',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  });

describe('decoding', () => {
  test('of many images at the same time every complete one is accepted and every truncated one refused', async () => {
    const dir = await tempDir();
    const formats = { jpg: noise(640, 480).jpeg(), png: noise(640, 480).png(), webp: noise(640, 480).webp() };
    const complete: string[] = [];
    const truncated: string[] = [];
    for (const [name, image] of Object.entries(formats)) {
      const bytes = await image.toBuffer();
      for (const share of [0.3, 0.5, 0.7, 0.9]) {
        complete.push(`${dir}/complete-${share}.${name}`);
        truncated.push(`${dir}/truncated-${share}.${name}`);
        await writeFile(complete.at(-1) ?? '', bytes);
        await writeFile(truncated.at(-1) ?? '', bytes.subarray(0, Math.floor(bytes.length * share)));
      }
    }
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.allSettled([...complete, ...truncated].map(decode));
      for (const [index, outcome] of outcomes.entries()) {
        expect(outcome.status, [...complete, ...truncated][index]).toBe(
          index < complete.length ? 'fulfilled' : 'rejected',
        );
      }
    }
  });

  test('a large JPEG that lacks its last bytes is refused', async () => {
    const dir = await tempDir();
    const bytes = await noise(2400, 1600).jpeg({ quality: 90 }).toBuffer();
    for (const missing of [64, 200, 500, 1000, 4000]) {
      const path = `${dir}/short-${missing}.jpg`;
      await writeFile(path, bytes.subarray(0, -missing));
      await expect(decode(path), `${missing} bytes short`).rejects.toThrow(NotAnImage);
    }
  });

  test('an image whose first bytes do not identify its type is accepted', async () => {
    const path = `${await tempDir()}/image.jpg`;
    await noise(20, 10).jpeg().toFile(path);
    const decoded = await decodeImage({ path, head: (await readFile(path)).subarray(0, 1) });
    expect(decoded).toMatchObject({ width: 20, height: 10, contentType: 'image/jpeg' });
  });

  test('the size of an image is its displayed size, with the orientation applied', async () => {
    const path = `${await tempDir()}/turned.jpg`;
    await noise(200, 100).jpeg().withMetadata({ orientation: 6 }).toFile(path);
    const decoded = await decode(path);
    expect(decoded).toMatchObject({ width: 100, height: 200, contentType: 'image/jpeg' });
    expect(await sharp(decoded.thumbnail).metadata()).toMatchObject({
      width: 100,
      height: 200,
      format: 'webp',
    });
  });

  test('text, SVG and a decompression bomb are refused as images', async () => {
    const dir = await tempDir();
    await writeFile(`${dir}/a`, '<html>not found</html>');
    await writeFile(`${dir}/b`, '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await sharp({ create: { width: 12_000, height: 12_000, channels: 3, background: '#000' } })
      .png()
      .toFile(`${dir}/c`);
    for (const name of ['a', 'b', 'c'])
      await expect(decode(`${dir}/${name}`), name).rejects.toThrow(NotAnImage);
  });
});
