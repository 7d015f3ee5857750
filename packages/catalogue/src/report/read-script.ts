import { readFile } from 'node:fs/promises';

/** The script of the page, in this order. Classic scripts, because browsers load no modules from `file://`. */
const PARTS = ['data', 'format', 'filter', 'reviews', 'grid', 'detail', 'main'];

/** All parts as one script, with names that no other script sees. */
export async function readReportScript(): Promise<string> {
  const parts = await Promise.all(
    PARTS.map((name) => readFile(new URL(`browser/${name}.js`, import.meta.url), 'utf8')),
  );
  return `'use strict';\n(() => {\n${parts.join('\n')}})();\n`;
}
