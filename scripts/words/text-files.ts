import { globSync, readFileSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { type Exception, UNCHECKED } from './vocabulary.ts';

export interface TextFile {
  /** Relative to the root of the repository. */
  path: string;
  text: string;
}

/** Reads every file that is checked. */
export function readTexts(root: string): TextFile[] {
  const exclude = UNCHECKED.flatMap(({ files }) => [files, files.replace(/\/\*\*$/, '')]);
  const paths = globSync(['**/*', '**/.*', '**/.*/**/*'], { cwd: root, exclude, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length));
  const texts = [...new Set(paths)]
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  // A check of nothing must not pass.
  if (texts.length === 0) throw new Error(`no files to check below ${root}`);
  return texts;
}

/** Blanks what an exception allows. Offsets and lines stay. */
export function withoutExceptions({ path, text }: TextFile, exceptions: Exception[]): string {
  return exceptions
    .filter(({ files }) => matchesGlob(path, files))
    .reduce((rest, exception) => rest.replace(exception.text, (match) => match.replace(/\S/g, ' ')), text);
}
