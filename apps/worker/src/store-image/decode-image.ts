import { createReadStream } from 'node:fs';
import { fileTypeFromBuffer, fileTypeFromFile } from 'file-type';
import sharp from 'sharp';

/** What a full decode proved, and what came out of it. Pixels as seen, orientation applied. */
export interface DecodedImage {
  width: number;
  height: number;
  contentType: string;
  /** WebP, at most 256 px on either side. */
  thumbnail: Buffer;
}

/** The picture cannot be decoded to its last row. */
export class NotAnImage extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'NotAnImage';
  }
}

/** 21:9 at 4K is 38 megapixels; this leaves room and stops bombs. */
const PIXEL_LIMIT = 120_000_000;
const THUMBNAIL_PX = 256;
const TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);

// Pictures are handled one after the other per slot of STORE_CONCURRENCY; a cache would only hold memory.
sharp.cache(false);
sharp.concurrency(1);

/**
 * Decodes every pixel in one pass, the thumbnail's: a header says nothing about what was cut off (I10). The whole
 * picture is extracted first, because a plain resize would let the decoder skip pixels. `stats()` reads them all too,
 * but with several at the same time it takes cut files for whole ones.
 *
 * @param head the file's first bytes, which mostly tell its type; where they do not, the file is read.
 * @throws {NotAnImage} where the file is of another type, cut short, or beyond the pixel limit.
 */
export async function decodeImage({ path, head }: { path: string; head: Uint8Array }): Promise<DecodedImage> {
  const type = (await fileTypeFromBuffer(head)) ?? (await fileTypeFromFile(path));
  if (!type || !TYPES.has(type.mime)) throw new NotAnImage(`the file is ${type?.mime ?? 'of no known type'}`);
  const open = () =>
    sharp(path, { failOn: 'truncated', limitInputPixels: PIXEL_LIMIT, sequentialRead: true });
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
    throw new NotAnImage(`it does not decode: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

export const streamFile = (path: string) => createReadStream(path);
