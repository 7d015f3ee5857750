import { DATA_URI, LIMITS } from '@darkroom/api';
import { sha256 } from '@darkroom/shared/render';
import sharp from 'sharp';
import { type FieldProblem } from '../problems/field-problems.ts';

/** The bytes of a data URI, found to be the image that it claims to be. */
export interface DataUriImage {
  bytes: Buffer;
  sha256: string;
  contentType: string;
  width: number;
  height: number;
}

const FORMATS: Record<string, string> = { jpeg: 'jpeg', jpg: 'jpeg', png: 'png', webp: 'webp' };

/** Looks into a data URI. `mask`: PNG only, with a limit of its own. */
export async function readDataUri(
  uri: string,
  field: string,
  role: 'image' | 'mask',
): Promise<DataUriImage | FieldProblem> {
  const prefix = DATA_URI.exec(uri);
  const declared = FORMATS[prefix?.[1] ?? ''];
  if (!prefix || !declared) return problem(field, 'a data URI of an image', 'another one');
  if (role === 'mask' && declared !== 'png')
    return problem(field, 'a PNG', `a data URI of image/${prefix[1]}`);

  const limit = role === 'mask' ? LIMITS.maskBytes : LIMITS.imageBytes;
  const base64 = uri.slice(prefix[0].length);
  // Before anything is decoded: a body of many megabytes costs nothing more.
  const size =
    Math.floor((base64.length * 3) / 4) - (base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0);
  if (size > limit) return problem(field, `an image of at most ${limit} bytes`, `${size} bytes`);

  const bytes = Buffer.from(base64, 'base64');
  // Node skips what is not base64; only bytes that encode to the same text were encoded well.
  if (bytes.toString('base64') !== base64)
    return problem(field, 'valid base64 after the comma', 'broken base64');
  if (bytes.length === 0) return problem(field, 'an image', 'no bytes at all');

  const actual = detectFormat(bytes);
  if (!actual) return problem(field, `a real ${declared} image`, 'bytes that are no JPEG, PNG or WebP');
  if (actual !== declared) return problem(field, `a ${declared} image, as declared`, `a ${actual} image`);
  const pixels = await readDimensions(bytes);
  if (!pixels) return problem(field, `a readable ${declared} image`, 'one that cannot be read');
  return { bytes, sha256: sha256(bytes), contentType: `image/${actual}`, ...pixels };
}

const problem = (field: string, expected: string, received: string): FieldProblem => ({
  field,
  expected,
  received,
});

/** By content, and before the image library sees it: it would also read SVG, PDF and more. */
function detectFormat(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'jpeg';
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])))
    return 'png';
  const riff = bytes.subarray(0, 4).toString('latin1') === 'RIFF';
  return riff && bytes.subarray(8, 12).toString('latin1') === 'WEBP' ? 'webp' : undefined;
}

async function readDimensions(bytes: Buffer): Promise<{ width: number; height: number } | undefined> {
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: 268_000_000 }).metadata();
    return width && height ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}
