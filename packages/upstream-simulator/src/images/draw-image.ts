import sharp from 'sharp';
import { stripDirectives } from '../faults/fault-syntax.ts';
import type { Resolution, Size } from '../tasks/task.ts';
import { drawCaption } from './caption.ts';
import { type Dimensions, getDimensions } from './dimensions.ts';
import { drawInsets } from './inset.ts';
import { drawScene } from './scene.ts';

export interface ImageSpec {
  prompt: string;
  size: Size;
  resolution: Resolution;
  format: 'jpg' | 'png';
  hasMask: boolean;
  references: readonly Buffer[];
}

/** The scene is soft enough to be drawn at this scale and enlarged: at 4K that is most of the time saved. */
const SCENE_SCALE: Record<Resolution, number> = { '1K': 1, '2K': 2, '4K': 2 };

export async function drawImage(order: ImageSpec): Promise<Buffer> {
  const full = getDimensions(order);
  const scale = SCENE_SCALE[order.resolution];
  const base = getDimensions({ size: order.size, resolution: '1K' });
  const drawn: Dimensions = { width: base.width, height: base.height };
  const prompt = stripDirectives(order.prompt);
  const scene = sharp(Buffer.from(drawScene(prompt, drawn)), { density: 72 * Math.min(scale, 2) });
  const caption = Buffer.from(drawCaption({ ...order, prompt }, full));
  const picture = scene
    .resize(full.width, full.height, { fit: 'fill' })
    .composite([{ input: caption }, ...(await drawInsets(order.references, full))])
    .removeAlpha();
  return order.format === 'png'
    ? picture.png({ compressionLevel: 6 }).toBuffer()
    : picture.jpeg({ quality: 88 }).toBuffer();
}

/** The picture of `instant` mode: small and always the same. */
export async function drawTinyImage(): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: '#4b6c9a' } })
    .png()
    .toBuffer();
}
