import { readFile, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { tempDir } from '@darkroom/testkit';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage, NotAnImage } from '../../src/store-image/decode-image.ts';
import { computeMaxPixels } from '../../src/store-image/requested-size.ts';
import { createUnusualImages, drawTexture } from '../support/image-corpus.ts';

/** Decodes a file as the store-image stage does, with its first bytes. */
const decode = async (path: string, maxPixels = 120_000_000) =>
  decodeImage({ path, head: (await readFile(path)).subarray(0, 4096) }, maxPixels);

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
      const outcomes = await Promise.allSettled([...complete, ...truncated].map((path) => decode(path)));
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

  test('every unusual but valid file is accepted', async () => {
    const path = `${await tempDir()}/image`;
    for (const [name, bytes] of Object.entries(await createUnusualImages())) {
      await writeFile(path, bytes);
      const decoded = await decode(path).catch((error: Error) => error.message);
      expect(decoded, name).toMatchObject({ width: expect.any(Number), height: expect.any(Number) });
    }
  });

  test('a file that lacks its last 10 bytes, or more up to its half, is refused in every format', async () => {
    const path = `${await tempDir()}/image`;
    const formats = {
      'baseline JPEG': await noise(1376, 768).jpeg({ quality: 90 }).toBuffer(),
      'progressive JPEG': await noise(1376, 768).jpeg({ progressive: true }).toBuffer(),
      WebP: await noise(1376, 768).webp({ quality: 90 }).toBuffer(),
      'lossless WebP': await noise(640, 480).webp({ lossless: true, effort: 0 }).toBuffer(),
    };
    for (const [name, bytes] of Object.entries(formats)) {
      for (const missing of [10, 20, 50, 100, 1000, 8000, bytes.length * 0.1, bytes.length * 0.5]) {
        await writeFile(path, bytes.subarray(0, Math.floor(bytes.length - missing)));
        await expect(decode(path), `${name}, ${missing} bytes short`).rejects.toThrow(NotAnImage);
      }
    }
  });

  test('a file whose middle was overwritten with zeros is refused', async () => {
    const path = `${await tempDir()}/image`;
    const formats = {
      'baseline JPEG': await drawTexture(1024, 1024).jpeg({ quality: 90 }).toBuffer(),
      'progressive JPEG': await drawTexture(1024, 1024).jpeg({ progressive: true }).toBuffer(),
      PNG: await drawTexture(1024, 1024).png().toBuffer(),
    };
    for (const [name, bytes] of Object.entries(formats)) {
      for (const share of [0.01, 0.1]) {
        const damaged = Buffer.from(bytes);
        const middle = Math.floor(bytes.length / 2);
        damaged.fill(0, middle, middle + Math.floor(bytes.length * share));
        await writeFile(path, damaged);
        await expect(decode(path), `${name}, ${share} zeros`).rejects.toThrow(NotAnImage);
      }
    }
  });

  test('an image with more pixels than its request leaves room for is refused before it is decoded', async () => {
    const path = `${await tempDir()}/image.png`;
    await sharp({ create: { width: 5000, height: 5000, channels: 3, background: '#000' } })
      .png()
      .toFile(path);
    await expect(decode(path, computeMaxPixels({ resolution: '1K' }))).rejects.toThrow('pixel limit');
    expect(await decode(path, computeMaxPixels({ resolution: '4K' }))).toMatchObject({ width: 5000 });
  });

  test('large images are decoded one at a time, and the decodes of other images overlap', async () => {
    const path = `${await tempDir()}/image.jpg`;
    const countOverlap = async (options: { progressive: boolean }) => {
      await sharp({ create: { width: 3000, height: 3000, channels: 3, background: '#123' } })
        .jpeg(options)
        .toFile(path);
      let most = 0;
      let ended = false;
      const decodes = Promise.all(Array.from({ length: 6 }, () => decode(path))).finally(() => {
        ended = true;
      });
      while (!ended) {
        most = Math.max(most, sharp.counters().process);
        await setImmediate();
      }
      await decodes;
      return most;
    };
    // The decoder holds a progressive JPEG in memory, and reads another one row by row.
    expect(await countOverlap({ progressive: true })).toBe(1);
    expect(await countOverlap({ progressive: false })).toBeGreaterThan(1);
  });

  test('an image whose first bytes do not identify its type is accepted', async () => {
    const path = `${await tempDir()}/image.jpg`;
    await noise(20, 10).jpeg().toFile(path);
    const decoded = await decodeImage({ path, head: (await readFile(path)).subarray(0, 1) }, 1000);
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
