import sharp from 'sharp';

export const IMAGE_EXTENSIONS = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
} as const;
export type ImageType = keyof typeof IMAGE_EXTENSIONS;

/** What an uploaded picture is. */
export interface ImageFacts {
  type: ImageType;
  width: number;
  height: number;
}

const SIGNATURES: [ImageType, RegExp][] = [
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
  ['image/gif', /^GIF8[79]a/],
];

/** By content, and by its beginning before the image library sees it: that would also read SVG, PDF and more. */
export async function readImageFacts(bytes: Uint8Array): Promise<ImageFacts | undefined> {
  const beginning = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  const [type] = SIGNATURES.find(([, signature]) => signature.test(beginning)) ?? [];
  if (!type) return undefined;
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: 268_000_000 }).metadata();
    return width && height ? { type, width, height } : undefined;
  } catch {
    return undefined;
  }
}
