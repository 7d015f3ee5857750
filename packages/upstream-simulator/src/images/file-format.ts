import { randomFillSync } from 'node:crypto';
import { crc32 } from 'node:zlib';

export interface ImageType {
  mime: 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif';
  extension: 'jpg' | 'png' | 'webp' | 'gif';
}

/** Detects the type of an image from its first bytes. The file name is ignored. */
export function detectImageType(bytes: Buffer): ImageType | undefined {
  const starts = (text: string, at = 0): boolean => bytes.toString('latin1', at, at + text.length) === text;
  if (starts('\xff\xd8\xff')) return { mime: 'image/jpeg', extension: 'jpg' };
  if (starts('\x89PNG\r\n\x1a\n')) return { mime: 'image/png', extension: 'png' };
  if (starts('RIFF') && starts('WEBP', 8)) return { mime: 'image/webp', extension: 'webp' };
  if (starts('GIF87a') || starts('GIF89a')) return { mime: 'image/gif', extension: 'gif' };
  return undefined;
}

/** Decoders reject a single very large chunk, but skip many chunks of this size. */
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_OVERHEAD = 12;
const END_CHUNK_BYTES = 12;

/** A valid PNG of about `bytes` bytes: the same image plus private ancillary chunks that decoders skip. */
export function padPng(png: Buffer, bytes: number): Buffer {
  const parts = [png.subarray(0, png.length - END_CHUNK_BYTES)];
  let missing = bytes - png.length;
  while (missing > CHUNK_OVERHEAD) {
    const length = Math.min(CHUNK_BYTES, missing - CHUNK_OVERHEAD);
    const chunk = Buffer.allocUnsafe(length + CHUNK_OVERHEAD);
    chunk.writeUInt32BE(length, 0);
    chunk.write('siMp', 4, 'latin1');
    randomFillSync(chunk, 8, length);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + length)), 8 + length);
    parts.push(chunk);
    missing -= chunk.length;
  }
  return Buffer.concat([...parts, png.subarray(png.length - END_CHUNK_BYTES)]);
}
