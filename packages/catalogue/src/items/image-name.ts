import { extname } from 'node:path';
import type { ImageFormat } from '../file/index.ts';

/** Letters that do not become ASCII when their accents are removed. */
const LETTERS: Record<string, string> = {
  ä: 'ae',
  ö: 'oe',
  ü: 'ue',
  Ä: 'Ae',
  Ö: 'Oe',
  Ü: 'Ue',
  ß: 'ss',
  ẞ: 'SS',
  æ: 'ae',
  Æ: 'Ae',
  ø: 'o',
  Ø: 'O',
  å: 'a',
  Å: 'A',
  œ: 'oe',
  Œ: 'Oe',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};
const EXTENSIONS: Record<string, ImageFormat> = {
  '.jpg': 'jpg',
  '.jpeg': 'jpg',
  '.png': 'png',
  '.webp': 'webp',
};
/** Windows opens devices for these names, with any extension. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const MAX_NAME = 160;

export type NameResult = { kind: 'ok'; name: string } | { kind: 'invalid'; message: string };

/** The placeholders of a name pattern: `{sku}` is `sku`. */
export const listPlaceholders = (pattern: string) =>
  [...pattern.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);

/** @returns `undefined` for a pattern without one of the known extensions */
export const readPatternFormat = (pattern: string): ImageFormat | undefined =>
  EXTENSIONS[extname(pattern).toLowerCase()];

/**
 * The file name of an image. It is safe on every system and in every store: letters, digits, dots, dashes, underscores.
 * Umlauts are written out, and blanks become dashes.
 */
export function createImageName(pattern: string, values: Readonly<Record<string, string>>): NameResult {
  let empty: string | undefined;
  const filled = pattern.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const text = makeSafe(values[name] ?? '');
    if (text === '') empty ??= name;
    return text;
  });
  if (empty !== undefined)
    return { kind: 'invalid', message: `{${empty}} gives nothing that a file name can have` };
  const name = makeSafe(filled);
  if (name.length > MAX_NAME)
    return {
      kind: 'invalid',
      message: `expected a file name of at most ${MAX_NAME} characters, received ${name.length}`,
    };
  if (DEVICES.test(name)) return { kind: 'invalid', message: `Windows does not allow the file name ${name}` };
  return { kind: 'ok', name };
}

function makeSafe(text: string): string {
  return text
    .normalize('NFC')
    .replace(/[^\0-\x7f]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '');
}
