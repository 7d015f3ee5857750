import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createLettering } from '../src/images/lettering.ts';
import { buyFinished, download, openSimulator } from './support.ts';

async function decode(bytes: Buffer): Promise<{ width: number; height: number; format: string }> {
  const { info } = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
  const { format } = await sharp(bytes).metadata();
  return { width: info.width, height: info.height, format };
}

describe('a result image', () => {
  test.each([
    ['1:1', '1K', 1024, 1024],
    ['2:3', '1K', 848, 1264],
    ['3:2', '1K', 1264, 848],
    ['3:4', '1K', 896, 1200],
    ['4:3', '1K', 1200, 896],
    ['4:5', '1K', 928, 1152],
    ['5:4', '1K', 1152, 928],
    ['9:16', '1K', 768, 1376],
    ['16:9', '1K', 1376, 768],
    ['21:9', '1K', 1584, 672],
    ['16:9', '2K', 2752, 1536],
    ['1:1', '4K', 4096, 4096],
  ])('an image of %s at %s is a JPEG of %i x %i that decodes', async (size, resolution, width, height) => {
    const sim = await openSimulator();
    const url = await buyFinished(sim, { size, resolution, prompt: `A fox & <b>"friends"</b> at ${size}` });
    expect(await decode(await download(url))).toEqual({ width, height, format: 'jpeg' });
  });

  test('an image is a PNG with pngShare 1', async () => {
    const sim = await openSimulator({ pngShare: 1 });
    const url = await buyFinished(sim);
    expect(url).toMatch(/\.png$/);
    expect((await decode(await download(url))).format).toBe('png');
  });

  test('an image is the same at every download and differs for another prompt', async () => {
    const sim = await openSimulator();
    const [fox, owl] = [await buyFinished(sim, { prompt: 'fox' }), await buyFinished(sim, { prompt: 'owl' })];
    const [first, again, other] = [await download(fox), await download(fox), await download(owl)];
    expect(first.equals(again)).toBe(true);
    expect(first.equals(other)).toBe(false);
  });

  test('an image shows its reference image in the corner', async () => {
    const red = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const sim = await openSimulator();
    const image_urls = [`data:image/png;base64,${red.toString('base64')}`];
    const image = await download(await buyFinished(sim, { image_urls }));
    const inset = await sharp(image)
      .extract({ left: 850, top: 130, width: 20, height: 20 })
      .resize(1, 1)
      .removeAlpha()
      .raw()
      .toBuffer();
    expect([...inset].map((channel) => (channel > 128 ? 1 : 0))).toEqual([1, 0, 0]);
  });

  test('an image of any prompt is drawn, also with letters that have no font', async () => {
    const sim = await openSimulator();
    for (const prompt of [
      '一只红色的狐狸',
      'Лиса',
      '🦊'.repeat(1000),
      'x'.repeat(1000),
      '\u0000\u0007 &<>"\'',
    ]) {
      expect((await decode(await download(await buyFinished(sim, { prompt })))).width).toBe(1024);
    }
  });
});

describe('lettering', () => {
  const letters = createLettering(600);

  test('the lettering draws outlines without an installed font, for Latin, Cyrillic and Greek', () => {
    for (const text of ['fox', 'ñŁ', 'Лиса', 'ΑΒΓ'])
      expect(letters.outlineText(text, 0, 0, 20)).toMatch(/^M/);
    expect(letters.measureText('fox', 40)).toBeCloseTo(2 * letters.measureText('fox', 20));
  });

  test('the lettering wraps within the width, splits long words and ends in an ellipsis', () => {
    const text = `${'word '.repeat(40)}${'x'.repeat(200)}`;
    const lines = letters.wrapText(text, 20, 200, 3);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/…$/);
    for (const line of [...lines, ...letters.wrapText('x'.repeat(200), 20, 200, 99)]) {
      expect(letters.measureText(line, 20)).toBeLessThanOrEqual(200);
    }
  });
});
