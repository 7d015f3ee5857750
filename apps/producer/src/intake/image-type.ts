import sharp from 'sharp';

export const IMAGE_EXTENSIONS = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
} as const;
export type ImageType = keyof typeof IMAGE_EXTENSIONS;

export interface ImageSize {
  width: number;
  height: number;
}

export interface ImageFacts extends ImageSize {
  type: ImageType;
}

const SIGNATURES: [ImageType, RegExp][] = [
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
  ['image/gif', /^GIF8[79]a/],
];

/** The image type by the first bytes. Checked before the image library reads them: it also accepts SVG, PDF and more. */
export function detectImageType(bytes: Uint8Array): ImageType | undefined {
  const beginning = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  return SIGNATURES.find(([, signature]) => signature.test(beginning))?.[0];
}

/** Whether the bytes reach to the end of the image: for images that may have been cut. */
export function isComplete(bytes: Buffer, type: ImageType): boolean {
  if (type === 'image/png') return bytes.subarray(-8, -4).toString('latin1') === 'IEND';
  if (type === 'image/jpeg') return bytes.subarray(-2).toString('latin1') === '\xff\xd9';
  return type !== 'image/webp' || bytes.readUInt32LE(4) + 8 <= bytes.length;
}

/** Reads the header of an image. @returns `undefined` for an image that cannot be read. */
export async function readImageSize(bytes: Uint8Array): Promise<ImageSize | undefined> {
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: 268_000_000 }).metadata();
    return width && height ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

/** @returns `undefined` for bytes that are no image of a known type. */
export async function readImageFacts(bytes: Uint8Array): Promise<ImageFacts | undefined> {
  const type = detectImageType(bytes);
  const size = type && (await readImageSize(bytes));
  return type && size ? { type, ...size } : undefined;
}
