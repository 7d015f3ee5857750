import sharp, { type OverlayOptions } from 'sharp';
import type { Dimensions } from './dimensions.ts';

const MAX_INSETS = 3;
const MAX_INPUT_PIXELS = 50_000_000;

/** The reference images as framed thumbnails below each other in the upper right corner. */
export async function drawInsets(
  images: readonly Buffer[],
  { width, height }: Dimensions,
): Promise<OverlayOptions[]> {
  const short = Math.min(width, height);
  const side = Math.round(short * 0.2);
  const margin = Math.round(short * 0.05);
  const made: OverlayOptions[] = [];
  for (const image of images.slice(0, MAX_INSETS)) {
    const input = await drawThumbnail(image, side);
    if (input === undefined) continue;
    made.push({ input, left: width - side - margin, top: margin + made.length * Math.round(side * 1.12) });
  }
  return made;
}

/** A square with round corners and a light frame; undefined when it is no picture after all. */
async function drawThumbnail(image: Buffer, side: number): Promise<Buffer | undefined> {
  const frame = Math.max(2, Math.round(side * 0.02));
  const radius = Math.round(side * 0.08);
  const shape = (extra: string): Buffer =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect x="${frame / 2}" y="${frame / 2}" ` +
        `width="${side - frame}" height="${side - frame}" rx="${radius}" ${extra}/></svg>`,
    );
  try {
    return await sharp(image, { limitInputPixels: MAX_INPUT_PIXELS })
      .rotate()
      .resize(side, side, { fit: 'cover' })
      .ensureAlpha()
      .composite([
        { input: shape('fill="#fff"'), blend: 'dest-in' },
        { input: shape(`fill="none" stroke="#fff" stroke-opacity=".92" stroke-width="${frame}"`) },
      ])
      .png()
      .toBuffer();
  } catch {
    return undefined;
  }
}
