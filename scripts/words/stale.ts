import { matchesGlob } from 'node:path';
import type { TextFile } from './text-files.ts';
import type { Exception } from './vocabulary.ts';

/** Exceptions that match nothing; dictionary entries that no file contains, or that are out of order. */
export function findStaleEntries(files: TextFile[], exceptions: Exception[], dictionary: string[]): string[] {
  const unused = exceptions.filter(
    (exception) =>
      !files.some(({ path, text }) => matchesGlob(path, exception.files) && text.match(exception.text)),
  );
  const all = files.map(({ text }) => text.toLowerCase()).join('\n');
  const sorted = [...new Set(dictionary)].sort();
  return [
    ...unused.map(
      ({ files, text }) => `vocabulary.ts: no text in ${files} matches ${text}. Remove the exception.`,
    ),
    ...dictionary
      .filter((word) => !all.includes(word.toLowerCase()))
      .map((word) => `dictionary.txt: no file contains ${word}. Remove it.`),
    ...dictionary
      .filter((word, at) => word !== sorted[at])
      .slice(0, 1)
      .map((word) => `dictionary.txt: ${word} is out of order, or there twice. Sort the file.`),
  ];
}
