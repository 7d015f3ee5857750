import { DATA_URI, LIMITS } from '@darkroom/api';
import { sha256 } from '@darkroom/shared/render';
import { type FieldProblem } from '../problems/index.ts';
import { detectImageType, type ImageSize, readImageSize } from './image-type.ts';

/** The bytes of a data URI. They are an image of the declared type. */
export interface DataUriImage extends ImageSize {
  bytes: Buffer;
  sha256: string;
  contentType: string;
}

const FORMATS: Record<string, string> = { jpeg: 'jpeg', jpg: 'jpeg', png: 'png', webp: 'webp' };

/** Decodes and checks a data URI. A mask must be a PNG and has a limit of its own. */
export async function readDataUri(
  uri: string,
  field: string,
  role: 'image' | 'mask',
): Promise<DataUriImage | FieldProblem> {
  const problem = (expected: string, received: string): FieldProblem => ({ field, expected, received });
  const prefix = DATA_URI.exec(uri);
  const declared = FORMATS[prefix?.[1] ?? ''];
  if (!prefix || !declared) return problem('a data URI of an image', 'another data URI');
  if (role === 'mask' && declared !== 'png') return problem('a PNG', `a data URI of image/${prefix[1]}`);

  const limit = role === 'mask' ? LIMITS.maskBytes : LIMITS.imageBytes;
  const base64 = uri.slice(prefix[0].length);
  // The size is computed before anything is decoded: a body of many megabytes must not cost more memory.
  const size =
    Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
  if (size > limit) return problem(`an image of at most ${limit} bytes`, `${size} bytes`);

  const bytes = Buffer.from(base64, 'base64');
  // Node skips characters that are not base64. Only valid base64 is encoded to the same text again.
  if (bytes.toString('base64') !== base64) return problem('valid base64 after the comma', 'invalid base64');
  if (bytes.length === 0) return problem('an image', 'no bytes');

  const type = detectImageType(bytes);
  const actual = FORMATS[type?.slice('image/'.length) ?? ''];
  if (!actual) return problem(`a ${declared} image`, 'bytes that are no JPEG, PNG or WebP');
  if (actual !== declared) return problem(`a ${declared} image, as declared`, `a ${actual} image`);
  const pixels = await readImageSize(bytes);
  if (!pixels) return problem(`a readable ${declared} image`, 'an image that cannot be read');
  return { bytes, sha256: sha256(bytes), contentType: `image/${actual}`, ...pixels };
}
