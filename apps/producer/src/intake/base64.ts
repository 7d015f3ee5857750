import { describeCharacter } from '../problems/index.ts';

/** How many bytes a base64 text has when it is decoded. Line breaks count as if they were bytes. */
export function countBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.floor((base64.length * 3) / 4) - padding;
}

/**
 * Decodes base64 as clients send it: also with line breaks, in the URL alphabet, or without padding.
 *
 * @returns `padded: false` when the padding is missing, so that the end of the text may be missing, too.
 */
export function decodeBase64(text: string): { bytes: Buffer; padded: boolean } | { received: string } {
  const bytes = Buffer.from(text, 'base64');
  // Node skips characters that are not base64. Only valid base64 is encoded to the same text again.
  if (bytes.toString('base64') === text) return { bytes, padded: true };
  const joined = text
    .replace(/[\r\n]+/g, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  const bare = joined.replace(/={1,2}$/, '');
  const rightLength = bare === joined || joined.length % 4 === 0;
  const again = Buffer.from(bare, 'base64');
  if (rightLength && again.toString('base64').replace(/=+$/, '') === bare) {
    return { bytes: again, padded: joined.length % 4 === 0 };
  }
  const wrong = /[^\w+/=\r\n-]/.exec(text);
  if (!wrong) return { received: 'base64 that is cut, or has the wrong padding' };
  return { received: `${describeCharacter(wrong[0])} at position ${wrong.index + 1} of the base64` };
}
