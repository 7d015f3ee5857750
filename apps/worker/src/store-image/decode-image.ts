import { createReadStream } from 'node:fs';
import { errorMessage } from '@darkroom/shared/runtime';
import { fileTypeFromBuffer, fileTypeFromFile } from 'file-type';
import sharp from 'sharp';

/** The facts that a full decode found. Width and height in pixels as displayed, with the orientation applied. */
export interface DecodedImage {
  width: number;
  height: number;
  contentType: string;
  /** WebP, at most 256 px on either side. */
  thumbnail: Buffer;
}

/** The image cannot be decoded to its last row. */
export class NotAnImage extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NotAnImage';
  }
}

/** 21:9 at 4K is 38 megapixels; this leaves room and stops bombs. */
const MAX_PIXELS = 120_000_000;
const THUMBNAIL_PX = 256;
export const IMAGE_TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);

// Each slot of STORE_CONCURRENCY decodes one image after the other. A cache would only use memory.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes every pixel while it makes the thumbnail: the header of a truncated file looks complete (I10). The whole image
 * is extracted first, because with a plain resize the decoder skips pixels. `stats()` reads all pixels, too, but when
 * several run at the same time it accepts truncated files.
 *
 * @param head the file's first bytes. If they do not identify its type, the file is read.
 * @throws {NotAnImage} for a file of another type, a truncated file, or an image beyond the pixel limit.
 */
export async function decodeImage({ path, head }: { path: string; head: Uint8Array }): Promise<DecodedImage> {
  const type = (await fileTypeFromBuffer(head)) ?? (await fileTypeFromFile(path));
  if (!type || !IMAGE_TYPES.has(type.mime))
    throw new NotAnImage(`the file is ${type?.mime ?? 'of no known type'}`);
  const open = () => sharp(path, { failOn: 'truncated', limitInputPixels: MAX_PIXELS, sequentialRead: true });
  try {
    const { width, height } = (await open().metadata()).autoOrient;
    const thumbnail = await open()
      .autoOrient()
      .extract({ left: 0, top: 0, width, height })
      .resize(THUMBNAIL_PX, THUMBNAIL_PX, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 78 })
      .toBuffer();
    return { width, height, contentType: type.mime, thumbnail };
  } catch (error) {
    throw new NotAnImage(`it does not decode: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

export const streamFile = (path: string) => createReadStream(path);
