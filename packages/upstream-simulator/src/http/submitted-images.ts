import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { detectImageType } from '../images/index.ts';
import type { Blobs } from '../storage/index.ts';
import { type Checked, rejectInput } from './submission.ts';

const MAX_IMAGE_BYTES = 10 * 1024 * 1024;
const MAX_MASK_BYTES = 4 * 1024 * 1024;
/** The number of references that are drawn. The others are not stored. */
const MAX_STORED_REFERENCES = 3;
const DATA_URI = /^data:image\/(jpeg|jpg|png|webp);base64,/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

export interface SubmittedImages {
  /** Names of the blobs that are drawn into the image. */
  references: string[];
  inlineImages: boolean;
}

/** Checks the images of a submission. Images on other servers are accepted without a check. */
export async function checkImages(
  submitted: { imageUrls: readonly string[]; maskUrl: string | undefined },
  blobs: Blobs,
  ownBase: string,
): Promise<Checked<SubmittedImages>> {
  const references: string[] = [];
  let first: Buffer | undefined;
  for (const [index, url] of submitted.imageUrls.entries()) {
    const field = `image_urls[${index}]`;
    const image = await readImage(url, field, MAX_IMAGE_BYTES, blobs, ownBase);
    if (!image.ok) return image;
    const bytes = image.value;
    if (bytes === undefined) continue;
    if (detectImageType(bytes) === undefined) return rejectInput(`${field} is not a JPEG, PNG or WebP image`);
    if (index === 0) first = bytes;
    if (references.length < MAX_STORED_REFERENCES)
      references.push(await storeReference(url, bytes, blobs, ownBase));
  }
  const inlineImages = submitted.imageUrls.some((url) => url.startsWith('data:'));
  if (submitted.maskUrl !== undefined) {
    const mask = await checkMask(submitted.maskUrl, first, blobs, ownBase);
    if (!mask.ok) return mask;
  }
  return { ok: true, value: { references, inlineImages } };
}

/** Reads a data URI or an upload. The value is undefined for an image on another server. */
async function readImage(
  url: string,
  field: string,
  maxBytes: number,
  blobs: Blobs,
  ownBase: string,
): Promise<Checked<Buffer | undefined>> {
  const limit = `${maxBytes / 1024 / 1024}MB`;
  const prefix = DATA_URI.exec(url)?.[0];
  if (prefix !== undefined) {
    const base64 = url.slice(prefix.length);
    if (base64 === '' || !BASE64.test(base64)) return rejectInput(`${field} is not valid base64`);
    const bytes = Buffer.from(base64, 'base64');
    return bytes.length > maxBytes
      ? rejectInput(`${field} is larger than ${limit}`)
      : { ok: true, value: bytes };
  }
  if (url.startsWith('data:')) {
    return rejectInput(`${field} must start with data:image/{jpeg,png,webp};base64,`);
  }
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    return rejectInput(
      `${field} must be an http(s) URL or a full data URI (data:image/{format};base64,{data})`,
    );
  }
  const name = parseUploadName(url, ownBase);
  if (name === undefined) return { ok: true, value: undefined };
  const bytes = await blobs.get(name);
  if (bytes === undefined) return rejectInput(`${field} cannot be read`);
  return bytes.length > maxBytes
    ? rejectInput(`${field} is larger than ${limit}`)
    : { ok: true, value: bytes };
}

async function checkMask(
  url: string,
  reference: Buffer | undefined,
  blobs: Blobs,
  ownBase: string,
): Promise<Checked<undefined>> {
  const mask = await readImage(url, 'mask_url', MAX_MASK_BYTES, blobs, ownBase);
  if (!mask.ok) return mask;
  const bytes = mask.value;
  if (bytes === undefined) return { ok: true, value: undefined };
  if (detectImageType(bytes)?.mime !== 'image/png') return rejectInput('mask_url must be a PNG image');
  if (reference === undefined) return { ok: true, value: undefined };
  const [maskSize, size] = await Promise.all([readDimensions(bytes), readDimensions(reference)]);
  if (maskSize === undefined) return rejectInput('mask_url cannot be decoded');
  if (size !== undefined && maskSize !== size) {
    return rejectInput(`mask_url must have the size of the reference image (${size}), it has ${maskSize}`);
  }
  return { ok: true, value: undefined };
}

async function readDimensions(bytes: Buffer): Promise<string | undefined> {
  try {
    const { width, height } = await sharp(bytes).metadata();
    return `${width}x${height}`;
  } catch {
    return undefined;
  }
}

async function storeReference(url: string, bytes: Buffer, blobs: Blobs, ownBase: string): Promise<string> {
  const uploaded = parseUploadName(url, ownBase);
  if (uploaded !== undefined) return uploaded;
  const name = `inline_${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}`;
  await blobs.put(name, bytes);
  return name;
}

/** Returns the blob name in an upload URL of this server, or undefined for another URL. */
function parseUploadName(url: string, ownBase: string): string | undefined {
  if (!url.startsWith(`${ownBase}/uploads/`)) return undefined;
  return new URL(url).pathname.split('/').pop();
}
