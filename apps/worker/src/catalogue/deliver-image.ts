import { createHash } from 'node:crypto';
import type { ImageFormat, ManifestEntry } from '@darkroom/catalogue';
import type { StoredImage } from '@darkroom/shared/render';
import sharp from 'sharp';
import { writeSourceType } from './image-metadata.ts';
import type { RunContext } from './run-context.ts';

type DeliveredImage = NonNullable<ManifestEntry['image']>;
type Facts = Omit<DeliveredImage, 'key' | 'digital_source_type'>;

const TYPES: Record<ImageFormat, string> = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };
const SHARP_NAMES = { jpg: 'jpeg', png: 'png', webp: 'webp' } as const satisfies Record<ImageFormat, string>;
/** Of JPEG and WebP images that are converted. */
const QUALITY = 92;

/**
 * Copies the image of a render to the run, in the format of the catalogue and with its metadata. The image is checked against
 * the digest of the render's receipt. A copy that a killed run made is kept.
 *
 * @returns `undefined` when the store does not have the image any more, or has another one
 */
export async function deliverImage(
  image: StoredImage,
  { key, format }: { key: string; format: ImageFormat },
  context: RunContext,
): Promise<DeliveredImage | undefined> {
  const { infra, job } = context;
  const bytes = await infra.store.get(image.key, { signal: job.signal });
  if (!bytes || hashBytes(bytes) !== image.sha256) return undefined;
  return await putImage(key, await convert(bytes, image, format), context);
}

/**
 * Copies an image of an earlier run under another name, or with other metadata.
 *
 * @returns `undefined` when it is gone or damaged
 */
export async function copyImage(
  { key: from, digital_source_type: _, ...facts }: DeliveredImage,
  key: string,
  context: RunContext,
): Promise<DeliveredImage | undefined> {
  const { infra, job } = context;
  const bytes = await infra.store.get(from, { signal: job.signal });
  if (!bytes || hashBytes(bytes) !== facts.sha256) return undefined;
  return await putImage(key, { body: bytes, facts }, context);
}

/** Writes an image with its metadata. The digest is that of the file with them. */
async function putImage(
  key: string,
  { body, facts }: ConvertedImage,
  { infra, job, sourceType }: RunContext,
): Promise<DeliveredImage> {
  const { store } = infra;
  const { signal } = job;
  const written = writeSourceType(body, facts.content_type, sourceType);
  const file = written ?? body;
  const sha256 = file === body ? facts.sha256 : hashBytes(file);
  const present = await store.head(key, { signal });
  if (present?.size !== file.length || present.metadata['sha256'] !== sha256)
    await store.put(key, file, { contentType: facts.content_type, metadata: { sha256 }, signal });
  // Without it, the next run tries again.
  const metadata = written && sourceType !== null ? { digital_source_type: sourceType } : {};
  return { key, ...facts, sha256, bytes: file.length, ...metadata };
}

interface ConvertedImage {
  body: Uint8Array;
  facts: Facts;
}

async function convert(
  bytes: Uint8Array,
  { contentType, width, height, sha256 }: StoredImage,
  format: ImageFormat,
): Promise<ConvertedImage> {
  if (contentType === TYPES[format]) {
    const facts = { sha256, bytes: bytes.length, width, height, content_type: contentType };
    return { body: bytes, facts };
  }
  const image = sharp(bytes, { limitInputPixels: width * height }).keepMetadata();
  const { data, info } = await image
    .toFormat(SHARP_NAMES[format], format === 'png' ? {} : { quality: QUALITY })
    .toBuffer({ resolveWithObject: true });
  const facts = {
    sha256: hashBytes(data),
    bytes: data.length,
    width: info.width,
    height: info.height,
    content_type: TYPES[format],
  };
  return { body: data, facts };
}

const hashBytes = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
