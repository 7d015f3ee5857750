import { createHash } from 'node:crypto';
import type { ImageFormat, ManifestEntry } from '@darkroom/catalogue';
import type { StoredImage } from '@darkroom/shared/render';
import sharp from 'sharp';
import type { RunContext } from './run-context.ts';

type DeliveredImage = NonNullable<ManifestEntry['image']>;
type Facts = Omit<DeliveredImage, 'key'>;

const TYPES: Record<ImageFormat, string> = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };
const SHARP_NAMES = { jpg: 'jpeg', png: 'png', webp: 'webp' } as const satisfies Record<ImageFormat, string>;
/** Of JPEG and WebP images that are converted. */
const QUALITY = 92;

/**
 * Copies the image of a render to the run, in the format of the catalogue. The copy is checked against the digest of the
 * render's receipt. A copy that a killed run made is kept.
 *
 * @returns `undefined` when the store does not have the image any more, or has another one
 */
export async function deliverImage(
  image: StoredImage,
  { key, format }: { key: string; format: ImageFormat },
  { infra, job }: RunContext,
): Promise<DeliveredImage | undefined> {
  const { store } = infra;
  const { signal } = job;
  const bytes = await store.get(image.key, { signal });
  if (!bytes || hashBytes(bytes) !== image.sha256) return undefined;
  const { body, facts } = await convert(bytes, image, format);
  const present = await store.head(key, { signal });
  if (present?.size !== facts.bytes || present.metadata['sha256'] !== facts.sha256)
    await store.put(key, body, {
      contentType: facts.content_type,
      metadata: { sha256: facts.sha256 },
      signal,
    });
  return { key, ...facts };
}

/** Copies an image of an earlier run under another name. @returns `undefined` when it is gone or damaged */
export async function copyImage(
  { key: from, ...facts }: DeliveredImage,
  key: string,
  { infra, job }: RunContext,
): Promise<DeliveredImage | undefined> {
  const { store } = infra;
  const { signal } = job;
  const bytes = await store.get(from, { signal });
  if (!bytes || hashBytes(bytes) !== facts.sha256) return undefined;
  const { content_type: contentType, sha256 } = facts;
  await store.put(key, bytes, { contentType, metadata: { sha256 }, signal });
  return { key, ...facts };
}

async function convert(
  bytes: Uint8Array,
  { contentType, width, height, sha256 }: StoredImage,
  format: ImageFormat,
): Promise<{ body: Uint8Array; facts: Facts }> {
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
