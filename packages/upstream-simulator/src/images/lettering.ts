import { readFileSync } from 'node:fs';
import opentype from 'opentype.js';

/**
 * Text as outlines. A bare container has no fonts and its SVG renderer then draws no text at all, so the
 * letters come from a font in node_modules (Inter, OFL) and reach the renderer as paths.
 */
export interface Lettering {
  /** The outline of a line of text whose baseline starts at (x, y), as SVG path data. */
  outline(text: string, x: number, y: number, fontSize: number): string;
  width(text: string, fontSize: number): number;
  /** The text broken into lines of at most `maxWidth`; what does not fit ends in an ellipsis. */
  wrap(text: string, fontSize: number, maxWidth: number, maxLines: number): string[];
}

const SUBSETS = ['latin', 'latin-ext', 'cyrillic', 'greek', 'vietnamese'] as const;

type Weight = 400 | 600;

function loadFont(subset: string, weight: Weight): opentype.Font {
  const folder = import.meta.resolve('@fontsource/inter/files/inter-latin-400-normal.woff');
  const file = readFileSync(new URL(`inter-${subset}-${weight}-normal.woff`, folder));
  return opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
}

/** Opens the fonts as they are needed: most prompts never leave the first. */
export function lettering(weight: Weight): Lettering {
  const fonts = new Map<string, opentype.Font>();
  const glyphs = new Map<string, { glyph: opentype.Glyph; em: number } | undefined>();

  function find(char: string): { glyph: opentype.Glyph; em: number } | undefined {
    for (const subset of SUBSETS) {
      let font = fonts.get(subset);
      if (font === undefined) {
        font = loadFont(subset, weight);
        fonts.set(subset, font);
      }
      if (font.charToGlyphIndex(char) > 0) return { glyph: font.charToGlyph(char), em: font.unitsPerEm };
    }
    return undefined;
  }

  function glyphOf(char: string): { glyph: opentype.Glyph; em: number } | undefined {
    if (!glyphs.has(char)) glyphs.set(char, find(char));
    return glyphs.get(char);
  }

  const advance = (char: string, fontSize: number): number => {
    const found = glyphOf(char);
    return found === undefined ? 0 : ((found.glyph.advanceWidth ?? 0) * fontSize) / found.em;
  };

  const width = (text: string, fontSize: number): number => {
    let sum = 0;
    for (const char of text) sum += advance(char, fontSize);
    return sum;
  };

  function shorten(text: string, fontSize: number, maxWidth: number): string {
    const chars = [...text];
    while (chars.length > 1 && width(`${chars.join('').trimEnd()}…`, fontSize) > maxWidth) chars.pop();
    return `${chars.join('').trimEnd()}…`;
  }

  /** A word longer than a line is cut where the line ends. */
  function fitWord(word: string, fontSize: number, maxWidth: number): string[] {
    const pieces: string[] = [];
    let piece = '';
    for (const char of word) {
      if (piece !== '' && width(piece + char, fontSize) > maxWidth) {
        pieces.push(piece);
        piece = '';
      }
      piece += char;
    }
    return [...pieces, piece];
  }

  return {
    width,
    outline(text, x, y, fontSize) {
      let path = '';
      let pen = x;
      for (const char of text) {
        const found = glyphOf(char);
        if (found !== undefined) path += found.glyph.getPath(pen, y, fontSize).toPathData(1);
        pen += advance(char, fontSize);
      }
      return path;
    },
    wrap(text, fontSize, maxWidth, maxLines) {
      const drawable = [...text].filter((char) => char === ' ' || glyphOf(char) !== undefined).join('');
      const words = drawable
        .split(/\s+/)
        .filter((word) => word !== '')
        .flatMap((word) => fitWord(word, fontSize, maxWidth));
      const lines: string[] = [];
      let line = '';
      for (const word of words) {
        const longer = line === '' ? word : `${line} ${word}`;
        if (line !== '' && width(longer, fontSize) > maxWidth) {
          lines.push(line);
          line = word;
        } else {
          line = longer;
        }
      }
      if (line !== '') lines.push(line);
      if (lines.length <= maxLines) return lines;
      const last = lines.slice(maxLines - 1).join(' ');
      return [...lines.slice(0, maxLines - 1), shorten(last, fontSize, maxWidth)];
    },
  };
}
