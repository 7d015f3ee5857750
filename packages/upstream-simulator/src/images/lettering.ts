import { readFileSync } from 'node:fs';
import opentype from 'opentype.js';

/**
 * Text as outlines. In a container without fonts an SVG renderer draws no text. The letters therefore come from
 * a font in node_modules (Inter, OFL) and reach the renderer as paths.
 */
export interface Lettering {
  /** Returns a line of text as SVG path data. The baseline starts at (x, y). */
  outlineText(text: string, x: number, y: number, fontSize: number): string;
  measureText(text: string, fontSize: number): number;
  /** Breaks the text into lines of at most `maxWidth`. The last line ends in an ellipsis if text is left. */
  wrapText(text: string, fontSize: number, maxWidth: number, maxLines: number): string[];
}

const SUBSETS = ['latin', 'latin-ext', 'cyrillic', 'greek', 'vietnamese'] as const;

type Weight = 400 | 600;

function loadFont(subset: string, weight: Weight): opentype.Font {
  const folder = import.meta.resolve('@fontsource/inter/files/inter-latin-400-normal.woff');
  const file = readFileSync(new URL(`inter-${subset}-${weight}-normal.woff`, folder));
  return opentype.parse(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength));
}

/** Opens each font at its first use: most prompts need only the first. */
export function createLettering(weight: Weight): Lettering {
  const fonts = new Map<string, opentype.Font>();
  const glyphs = new Map<string, { glyph: opentype.Glyph; em: number } | undefined>();

  function findGlyph(char: string): { glyph: opentype.Glyph; em: number } | undefined {
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

  function getGlyph(char: string): { glyph: opentype.Glyph; em: number } | undefined {
    if (!glyphs.has(char)) glyphs.set(char, findGlyph(char));
    return glyphs.get(char);
  }

  const measureGlyph = (char: string, fontSize: number): number => {
    const found = getGlyph(char);
    return found === undefined ? 0 : ((found.glyph.advanceWidth ?? 0) * fontSize) / found.em;
  };

  const measureText = (text: string, fontSize: number): number => {
    let sum = 0;
    for (const char of text) sum += measureGlyph(char, fontSize);
    return sum;
  };

  function shortenText(text: string, fontSize: number, maxWidth: number): string {
    const chars = [...text];
    while (chars.length > 1 && measureText(`${chars.join('').trimEnd()}…`, fontSize) > maxWidth) chars.pop();
    return `${chars.join('').trimEnd()}…`;
  }

  /** Splits a word that is longer than a line. */
  function splitWord(word: string, fontSize: number, maxWidth: number): string[] {
    const pieces: string[] = [];
    let piece = '';
    for (const char of word) {
      if (piece !== '' && measureText(piece + char, fontSize) > maxWidth) {
        pieces.push(piece);
        piece = '';
      }
      piece += char;
    }
    return [...pieces, piece];
  }

  return {
    measureText: measureText,
    outlineText(text, x, y, fontSize) {
      let path = '';
      let pen = x;
      for (const char of text) {
        const found = getGlyph(char);
        if (found !== undefined) path += found.glyph.getPath(pen, y, fontSize).toPathData(1);
        pen += measureGlyph(char, fontSize);
      }
      return path;
    },
    wrapText(text, fontSize, maxWidth, maxLines) {
      const drawable = [...text].filter((char) => char === ' ' || getGlyph(char) !== undefined).join('');
      const words = drawable
        .split(/\s+/)
        .filter((word) => word !== '')
        .flatMap((word) => splitWord(word, fontSize, maxWidth));
      const lines: string[] = [];
      let line = '';
      for (const word of words) {
        const longer = line === '' ? word : `${line} ${word}`;
        if (line !== '' && measureText(longer, fontSize) > maxWidth) {
          lines.push(line);
          line = word;
        } else {
          line = longer;
        }
      }
      if (line !== '') lines.push(line);
      if (lines.length <= maxLines) return lines;
      const last = lines.slice(maxLines - 1).join(' ');
      return [...lines.slice(0, maxLines - 1), shortenText(last, fontSize, maxWidth)];
    },
  };
}
