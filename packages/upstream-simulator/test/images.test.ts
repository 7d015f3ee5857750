import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createLettering } from '../src/images/lettering.ts';
import { download, finished, simulator } from './support.ts';

async function decoded(bytes: Buffer): Promise<{ width: number; height: number; format: string }> {
  const { info } = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
  const { format } = await sharp(bytes).metadata();
  return { width: info.width, height: info.height, format };
}

describe('a picture', () => {
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
  ])('of %s at %s is a JPEG of %i x %i that decodes', async (size, resolution, width, height) => {
    const sim = await simulator();
    const url = await finished(sim, { size, resolution, prompt: `A fox & <b>"friends"</b> at ${size}` });
    expect(await decoded(await download(url))).toEqual({ width, height, format: 'jpeg' });
  });

  test('can be a PNG', async () => {
    const sim = await simulator({ pngShare: 1 });
    const url = await finished(sim);
    expect(url).toMatch(/\.png$/);
    expect((await decoded(await download(url))).format).toBe('png');
  });

  test('is the same at every download and another for another prompt', async () => {
    const sim = await simulator();
    const [fox, owl] = [await finished(sim, { prompt: 'fox' }), await finished(sim, { prompt: 'owl' })];
    const [first, again, other] = [await download(fox), await download(fox), await download(owl)];
    expect(first.equals(again)).toBe(true);
    expect(first.equals(other)).toBe(false);
  });

  test('shows the reference image in its corner', async () => {
    const red = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#ff0000' } })
      .png()
      .toBuffer();
    const sim = await simulator();
    const image_urls = [`data:image/png;base64,${red.toString('base64')}`];
    const picture = await download(await finished(sim, { image_urls }));
    const inset = await sharp(picture)
      .extract({ left: 850, top: 130, width: 20, height: 20 })
      .resize(1, 1)
      .removeAlpha()
      .raw()
      .toBuffer();
    expect([...inset].map((channel) => (channel > 128 ? 1 : 0))).toEqual([1, 0, 0]);
  });

  test('of any prompt is drawn, letters without a font too', async () => {
    const sim = await simulator();
    for (const prompt of [
      '一只红色的狐狸',
      'Лиса',
      '🦊'.repeat(1000),
      'x'.repeat(1000),
      '\u0000\u0007 &<>"\'',
    ]) {
      expect((await decoded(await download(await finished(sim, { prompt })))).width).toBe(1024);
    }
  });
});

describe('lettering', () => {
  const letters = createLettering(600);

  test('draws outlines that need no installed font, for Latin, Cyrillic and Greek', () => {
    for (const text of ['fox', 'ñŁ', 'Лиса', 'ΑΒΓ'])
      expect(letters.outlineText(text, 0, 0, 20)).toMatch(/^M/);
    expect(letters.measureText('fox', 40)).toBeCloseTo(2 * letters.measureText('fox', 20));
  });

  test('wraps within the width, cuts long words and ends in an ellipsis', () => {
    const text = `${'word '.repeat(40)}${'x'.repeat(200)}`;
    const lines = letters.wrapText(text, 20, 200, 3);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/…$/);
    for (const line of [...lines, ...letters.wrapText('x'.repeat(200), 20, 200, 99)]) {
      expect(letters.measureText(line, 20)).toBeLessThanOrEqual(200);
    }
  });
});
