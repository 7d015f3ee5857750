import sharp, { type OverlayOptions } from 'sharp';
import { stripDirectives } from '../faults/index.ts';
import type { Resolution, Size } from '../tasks/index.ts';
import { drawCaption } from './caption.ts';
import { type Dimensions, getDimensions } from './dimensions.ts';
import { drawScene } from './scene.ts';

export interface ImageSpec {
  prompt: string;
  size: Size;
  resolution: Resolution;
  format: 'jpg' | 'png';
  hasMask: boolean;
  references: readonly Buffer[];
}

/** The scenes have no fine detail, so a higher quality only makes files larger. */
const JPEG_QUALITY = 70;
const MAX_INSETS = 3;
const MAX_INPUT_PIXELS = 50_000_000;
/** The scene is drawn at this scale and then enlarged. At 4K this saves most of the time. */
const SCENE_SCALE: Record<Resolution, number> = { '1K': 1, '2K': 2, '4K': 2 };

export async function drawImage(spec: ImageSpec): Promise<Buffer> {
  const full = getDimensions(spec);
  const base = getDimensions({ size: spec.size, resolution: '1K' });
  const prompt = stripDirectives(spec.prompt);
  const scene = sharp(Buffer.from(drawScene(prompt, base)), { density: 72 * SCENE_SCALE[spec.resolution] });
  const caption = Buffer.from(drawCaption({ ...spec, prompt }, full));
  const image = scene
    .resize(full.width, full.height, { fit: 'fill' })
    .composite([{ input: caption }, ...(await drawInsets(spec.references, full))])
    .removeAlpha();
  return spec.format === 'png'
    ? image.png({ compressionLevel: 6 }).toBuffer()
    : image.jpeg({ quality: JPEG_QUALITY }).toBuffer();
}

/** Draws the image of `instant` mode: small and always the same. */
export async function drawTinyImage(): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: '#4b6c9a' } })
    .png()
    .toBuffer();
}

/** Draws the reference images as framed thumbnails, one below the other, in the upper right corner. */
async function drawInsets(
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

/** Draws a square with round corners and a light frame. Returns undefined if the image cannot be decoded. */
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
