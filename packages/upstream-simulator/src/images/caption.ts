import type { Resolution, Size } from '../tasks/index.ts';
import type { Dimensions } from './dimensions.ts';
import { createLettering, type Lettering } from './lettering.ts';

const MAX_LINES = 4;

let strong: Lettering | undefined;
let plain: Lettering | undefined;

/** Draws the prompt on a dark bottom area and the size in a corner, as a transparent SVG of the image's size. */
export function drawCaption(
  image: { prompt: string; size: Size; resolution: Resolution; hasMask: boolean },
  { width, height }: Dimensions,
): string {
  strong ??= createLettering(600);
  plain ??= createLettering(400);
  const unit = Math.min(width, height) / 100;
  const margin = 5 * unit;
  const fontSize = (image.prompt.length > 90 ? 3.6 : 4.6) * unit;
  const leading = fontSize * 1.32;
  const lines = strong.wrapText(image.prompt, fontSize, width - 2 * margin, MAX_LINES);
  const bottom = lines.length * leading + 2.4 * margin;
  const firstBaseline = height - margin - (lines.length - 1) * leading - fontSize * 0.2;
  const text = lines
    .map((line, i) => strong?.outlineText(line, margin, firstBaseline + i * leading, fontSize))
    .join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">` +
    '<defs><linearGradient id="bottom" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-opacity="0"/>' +
    '<stop offset=".45" stop-opacity=".42"/><stop offset="1" stop-opacity=".72"/></linearGradient></defs>' +
    (lines.length === 0
      ? ''
      : `<rect y="${height - bottom}" width="${width}" height="${bottom}" fill="url(#bottom)"/>`) +
    `<path d="${text}" fill="#fff"/>${drawLabel(image, { width, height }, plain, unit)}</svg>`
  );
}

function drawLabel(
  image: { size: Size; resolution: Resolution; hasMask: boolean },
  { width, height }: Dimensions,
  letters: Lettering,
  unit: number,
): string {
  const words = [image.size, image.resolution, `${width} × ${height}`, ...(image.hasMask ? ['mask'] : [])];
  const text = words.join('  ·  ');
  const fontSize = 2.3 * unit;
  const [x, y] = [5 * unit, 5 * unit];
  const boxHeight = fontSize * 2;
  const boxWidth = letters.measureText(text, fontSize) + fontSize * 2;
  return (
    `<rect x="${x}" y="${y}" width="${boxWidth}" height="${boxHeight}" rx="${boxHeight / 2}" fill="#000" fill-opacity=".34"/>` +
    `<path d="${letters.outlineText(text, x + fontSize, y + fontSize * 1.36, fontSize)}" fill="#fff" fill-opacity=".94"/>`
  );
}
