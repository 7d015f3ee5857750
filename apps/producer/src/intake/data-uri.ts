import { DATA_URI, LIMITS } from '@darkroom/api';
import { sha256 } from '@darkroom/shared/render';
import { type FieldProblem } from '../problems/index.ts';
import { countBytes, decodeBase64 } from './base64.ts';
import { detectImageType, type ImageSize, isComplete, readImageSize } from './image-type.ts';

/** The bytes of a data URI. They are an image of type `contentType`, which need not be the declared type. */
export interface DataUriImage extends ImageSize {
  bytes: Buffer;
  sha256: string;
  contentType: string;
}

/**
 * Decodes and checks a data URI. The bytes decide about the type, because clients declare wrong types: Gemini labels its
 * JPEGs as PNG. A mask must be a PNG and has a limit of its own.
 */
export async function readDataUri(
  uri: string,
  field: string,
  role: 'image' | 'mask',
): Promise<DataUriImage | FieldProblem> {
  const problem = (expected: string, received: string): FieldProblem => ({ field, expected, received });
  const prefix = DATA_URI.exec(uri);
  if (!prefix) return problem('a data URI of an image', 'another data URI');

  const limit = role === 'mask' ? LIMITS.maskBytes : LIMITS.imageBytes;
  const base64 = uri.slice(prefix[0].length);
  // The size is computed before anything is decoded: a body of many megabytes must not cost more memory.
  const size = countBytes(base64);
  if (size > limit) return problem(`an image of at most ${limit} bytes`, `${size} bytes`);

  const decoded = decodeBase64(base64);
  if ('received' in decoded) return problem('valid base64 after the comma', decoded.received);
  const { bytes } = decoded;
  if (bytes.length === 0) return problem('an image', 'no bytes');

  const type = detectImageType(bytes);
  if (!type || type === 'image/gif') return problem('an image', 'bytes that are no JPEG, PNG or WebP');
  if (role === 'mask' && type !== 'image/png') return problem('a PNG', `an image of type ${type}`);
  const pixels = await readImageSize(bytes);
  if (!pixels) return problem(`a readable image of type ${type}`, 'an image that cannot be read');
  if (!decoded.padded && !isComplete(bytes, type)) {
    return problem('the whole image', `an image of type ${type} without its end`);
  }
  return { bytes, sha256: sha256(bytes), contentType: type, ...pixels };
}
