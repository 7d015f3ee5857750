import sharp from 'sharp';
import { withoutDirectives } from '../faults/fault-syntax.ts';
import type { Resolution, Size } from '../tasks/task.ts';
import { captionSvg } from './caption.ts';
import { type Dimensions, dimensionsOf } from './dimensions.ts';
import { insets } from './inset.ts';
import { sceneSvg } from './scene.ts';

export interface PictureOrder {
  prompt: string;
  size: Size;
  resolution: Resolution;
  format: 'jpg' | 'png';
  hasMask: boolean;
  references: readonly Buffer[];
}

/** The scene is soft enough to be drawn at this scale and enlarged: at 4K that is most of the time saved. */
const SCENE_SCALE: Record<Resolution, number> = { '1K': 1, '2K': 2, '4K': 2 };

export async function renderPicture(order: PictureOrder): Promise<Buffer> {
  const full = dimensionsOf(order);
  const scale = SCENE_SCALE[order.resolution];
  const base = dimensionsOf({ size: order.size, resolution: '1K' });
  const drawn: Dimensions = { width: base.width, height: base.height };
  const prompt = withoutDirectives(order.prompt);
  const scene = sharp(Buffer.from(sceneSvg(prompt, drawn)), { density: 72 * Math.min(scale, 2) });
  const caption = Buffer.from(captionSvg({ ...order, prompt }, full));
  const picture = scene
    .resize(full.width, full.height, { fit: 'fill' })
    .composite([{ input: caption }, ...(await insets(order.references, full))])
    .removeAlpha();
  return order.format === 'png'
    ? picture.png({ compressionLevel: 6 }).toBuffer()
    : picture.jpeg({ quality: 88 }).toBuffer();
}

/** The picture of `instant` mode: small and always the same. */
export async function tinyPicture(): Promise<Buffer> {
  return sharp({ create: { width: 64, height: 64, channels: 3, background: '#4b6c9a' } })
    .png()
    .toBuffer();
}
