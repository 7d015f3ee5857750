import type { JobRequest } from '@darkroom/shared/render';
import type { DecodedImage } from './decode-image.ts';

/** What a request says about the size of its image. */
export type RequestedSize = Pick<JobRequest, 'size' | 'resolution'>;

/** The pixels of a square image. Images of other shapes have about as many. */
const PIXELS: Record<JobRequest['resolution'], number> = {
  '1K': 1024 ** 2,
  '2K': 2048 ** 2,
  '4K': 4096 ** 2,
};

/** Room for a provider that sends more than was requested. Every image of 4K is below the lower limit. */
const ROOM = 4;
const LIMIT_PIXELS = { min: 20_000_000, max: 120_000_000 };

/** The most pixels that are decoded for a request. A small file can contain very many pixels. */
export function computeMaxPixels(requested: RequestedSize | undefined): number {
  if (!requested) return LIMIT_PIXELS.max;
  return Math.min(Math.max(PIXELS[requested.resolution] * ROOM, LIMIT_PIXELS.min), LIMIT_PIXELS.max);
}

/** The sides of the provider's images are multiples of 16, so their ratio differs from the requested one by up to 1 %. */
const MAX_RATIO_DEVIATION = 0.05;
const MIN_PIXEL_SHARE = 0.5;

/** How an image differs from its request, for people: another aspect ratio, or far fewer pixels. */
export function findWarnings(
  { width, height }: Pick<DecodedImage, 'width' | 'height'>,
  requested: RequestedSize | undefined,
): string[] {
  if (!requested) return [];
  const warnings: string[] = [];
  const ratio = readRatio(requested.size);
  if (ratio !== undefined && Math.abs(width / height / ratio - 1) > MAX_RATIO_DEVIATION)
    warnings.push(`aspect ratio: expected ${requested.size}, received ${width}x${height}`);
  if (width * height < PIXELS[requested.resolution] * MIN_PIXEL_SHARE)
    warnings.push(`resolution: expected ${requested.resolution}, received ${width}x${height}`);
  return warnings;
}

function readRatio(size: JobRequest['size']): number | undefined {
  const [width, height] = (size ?? '').split(':').map(Number);
  return width && height ? width / height : undefined;
}
