/** Opens and closes every data script: the page reads data that arrived before its own script, too. */
const HEAD = '(self.darkroom=self.darkroom||[]).push(';
const TAIL = ');\n';

/**
 * A script that hands data to the page. A page from `file://` cannot fetch JSON, but it can load scripts.
 *
 * `<` is written as an escape, so that no value ends a script element, wherever the text is put.
 */
export const createDataScript = (kind: 'place' | 'index' | 'items' | 'reviews', data: unknown): string =>
  `${HEAD}${JSON.stringify([kind, data]).replaceAll('<', String.raw`\u003c`)}${TAIL}`;
