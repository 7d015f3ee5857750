import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { writeSourceType } from '../../src/catalogue/image-metadata.ts';

const VALUE = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
const OTHER = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/x"/></rdf:RDF></x:xmpmeta>`;

const WIDTH = 61;
const HEIGHT = 37;
const draw = (channels: 3 | 4) => {
  const pixels = Buffer.from(Array.from({ length: WIDTH * HEIGHT * channels }, (_, at) => (at * at) % 251));
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels } });
};

const FILES: [name: string, type: string, bytes: () => Promise<Buffer>][] = [
  ['a JPEG', 'image/jpeg', () => draw(3).jpeg().toBuffer()],
  [
    'a JPEG with Exif and a profile',
    'image/jpeg',
    () =>
      draw(3)
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Copyright: 'shop' } })
        .withIccProfile('p3')
        .toBuffer(),
  ],
  ['a JPEG with XMP', 'image/jpeg', () => draw(3).jpeg().withXmp(OTHER).toBuffer()],
  ['a PNG', 'image/png', () => draw(4).png().toBuffer()],
  ['a PNG with XMP', 'image/png', () => draw(4).png().withXmp(OTHER).toBuffer()],
  ['a WebP', 'image/webp', () => draw(3).webp().toBuffer()],
  ['a WebP without losses, with alpha', 'image/webp', () => draw(4).webp({ lossless: true }).toBuffer()],
  ['a WebP with XMP', 'image/webp', () => draw(3).webp().withXmp(OTHER).toBuffer()],
];

const readPixels = (bytes: Uint8Array) => sharp(bytes).raw().toBuffer({ resolveWithObject: true });

describe('writeSourceType()', () => {
  test.for(FILES)(
    '%s gets the source type, and keeps its pixels and its other metadata',
    async ([, type, create]) => {
      const before = await create();
      const written = writeSourceType(before, type, 'trainedAlgorithmicMedia') ?? Buffer.alloc(0);
      const [was, is] = [await sharp(before).metadata(), await sharp(written).metadata()];
      const xmp = is.xmp?.toString() ?? '';
      expect(xmp).toContain(`<Iptc4xmpExt:DigitalSourceType>${VALUE}</Iptc4xmpExt:DigitalSourceType>`);
      if (was.xmp) expect(xmp).toContain('dc:format="image/x"');
      expect([is.exif, is.icc]).toEqual([was.exif, was.icc]);
      expect(await readPixels(written)).toEqual(await readPixels(before));
      // The other value replaces it, a second time changes nothing, and null removes it.
      const other = writeSourceType(written, type, 'compositeWithTrainedAlgorithmicMedia') ?? Buffer.alloc(0);
      expect((await sharp(other).metadata()).xmp?.toString().match(/DigitalSourceType>http/g)).toHaveLength(
        1,
      );
      expect(writeSourceType(other, type, 'trainedAlgorithmicMedia')).toEqual(written);
      const removed = writeSourceType(written, type, null) ?? Buffer.alloc(0);
      expect((await sharp(removed).metadata()).xmp).toEqual(was.xmp);
      expect(await readPixels(removed)).toEqual(await readPixels(before));
    },
  );

  test('an image whose provider names a source type stays as it is', async () => {
    const own = OTHER.replace('dc:format="image/x"', 'Iptc4xmpExt:DigitalSourceType="own"');
    const bytes = await draw(3).jpeg().withXmp(own).toBuffer();
    expect(writeSourceType(bytes, 'image/jpeg', 'trainedAlgorithmicMedia')).toBe(bytes);
  });

  test('a file that ends early, or has another type, is left alone', async () => {
    const png = await draw(4).png().toBuffer();
    expect(writeSourceType(png.subarray(0, 60), 'image/png', 'trainedAlgorithmicMedia')).toBeUndefined();
    const jpeg = await draw(3).jpeg().toBuffer();
    expect(writeSourceType(jpeg.subarray(0, 12), 'image/jpeg', 'trainedAlgorithmicMedia')).toBeUndefined();
    expect(writeSourceType(png, 'image/gif', 'trainedAlgorithmicMedia')).toBeUndefined();
  });
});
