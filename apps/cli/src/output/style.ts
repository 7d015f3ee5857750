import { stripVTControlCharacters, styleText } from 'node:util';
import type { Host } from '../host.ts';

type Format = Parameters<typeof styleText>[0];

/** Colours a text for stdout. Without a terminal, and with NO_COLOR, the text stays as it is. */
export type Style = (format: Format, text: string) => string;

export function createStyle(host: Pick<Host, 'env' | 'isOutTerminal'>): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = host.env;
  const isColored = FORCE_COLOR ? FORCE_COLOR !== '0' : host.isOutTerminal && !NO_COLOR && TERM !== 'dumb';
  return (format, text) => (isColored ? styleText(format, text, { validateStream: false }) : text);
}

/** Replaces control characters: a prompt or an error text must not move the cursor of the terminal. */
export const showSafely = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace.
  stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');

/** The columns that a text takes on a terminal. */
export const measure = (text: string) => stripVTControlCharacters(text).length;
