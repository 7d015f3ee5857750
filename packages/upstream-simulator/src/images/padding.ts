import { randomFillSync } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Decoders refuse a single huge chunk, many of this size they skip. */
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_OVERHEAD = 12;
const END_CHUNK_BYTES = 12;

/** A valid PNG of about `bytes` bytes: the same picture with private ancillary chunks that decoders skip. */
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
