import { createReadStream } from 'node:fs';
import { errorMessage } from '@darkroom/shared/runtime';
import { fileTypeFromBuffer, fileTypeFromFile } from 'file-type';
import pLimit from 'p-limit';
import sharp, { type Metadata, type Sharp } from 'sharp';

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

const THUMBNAIL_PX = 256;
export const IMAGE_TYPES = new Set(['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/avif']);

// Each slot of STORE_CONCURRENCY decodes one image after the other. A cache would only use memory.
sharp.cache(false);
sharp.concurrency(1);

/** Large images are decoded one at a time in this process. Otherwise a few small files could use all memory. */
const decodeLarge = pLimit(1);
/**
 * Above these pixels, an image counts as large. The decoder reads a plain JPEG or PNG row by row, and holds the pixels of all
 * other images in memory.
 */
const LARGE_PIXELS = { rowByRow: 20_000_000, whole: 8_000_000 };

/**
 * Decodes every pixel while it makes the thumbnail: the header of a truncated file looks complete (I10). A damaged part in the
 * middle of a file is only a warning of the decoder, so a warning refuses the image, too.
 *
 * @param head the file's first bytes. If they do not identify its type, the file is read.
 * @throws {NotAnImage} for a file of another type, a truncated or damaged file, or an image with more pixels than `maxPixels`
 */
export async function decodeImage(
  { path, head }: { path: string; head: Uint8Array },
  maxPixels: number,
): Promise<DecodedImage> {
  const found = (await fileTypeFromBuffer(head)) ?? (await fileTypeFromFile(path));
  // An animated PNG is a PNG. Viewers without animation show its first frame.
  const contentType = found?.mime === 'image/apng' ? 'image/png' : found?.mime;
  if (!contentType || !IMAGE_TYPES.has(contentType))
    throw new NotAnImage(`the file is ${contentType ?? 'of no known type'}`);
  const open = () => sharp(path, { failOn: 'warning', limitInputPixels: maxPixels, sequentialRead: true });
  try {
    const metadata = await open().metadata();
    const { width, height } = metadata.autoOrient;
    const createThumbnail = () => makeThumbnail(open(), metadata);
    const thumbnail = isLarge(metadata) ? await decodeLarge(createThumbnail) : await createThumbnail();
    return { width, height, contentType, thumbnail };
  } catch (error) {
    throw new NotAnImage(`it does not decode: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

/**
 * The whole image is extracted before it is resized. Without that, the decoder of a JPEG shrinks while it reads, skips
 * coefficients, and accepts a file with zeros in its middle that the full decode refuses. `stats()` reads all pixels, too,
 * but when several run at the same time it accepts truncated files. The decoder of WebP refuses the same files either way:
 * shrinking while it reads takes 0.2 s and 5 MB instead of 3.3 s and 137 MB for 4096 x 4096 pixels.
 */
function makeThumbnail(image: Sharp, { format, autoOrient }: Metadata): Promise<Buffer> {
  const upright = image.autoOrient();
  const whole = format === 'webp' ? upright : upright.extract({ left: 0, top: 0, ...autoOrient });
  return whole
    .resize(THUMBNAIL_PX, THUMBNAIL_PX, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 78 })
    .toBuffer();
}

function isLarge({ format, isProgressive, autoOrient }: Metadata): boolean {
  const isRowByRow = !isProgressive && (format === 'jpeg' || format === 'png');
  return autoOrient.width * autoOrient.height > LARGE_PIXELS[isRowByRow ? 'rowByRow' : 'whole'];
}

export const streamFile = (path: string) => createReadStream(path);
