import { readFileSync } from 'node:fs';
import { root } from './program.ts';
import {
  checkSpelling,
  EXCEPTIONS,
  findPhrases,
  findStaleEntries,
  findWordsInPath,
  readTexts,
} from './words/index.ts';

// Checks the spelling of every text, and that no text and no name uses a word that Darkroom does not use.
// The message names the replacement. scripts/words/vocabulary.ts has the words and the exceptions.

const files = readTexts(root);
const dictionary = readFileSync(new URL('words/dictionary.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean);
const spelling = await checkSpelling(root);
const found = [
  ...spelling.lines,
  ...files.flatMap((file) => [...findPhrases(file, EXCEPTIONS), ...findWordsInPath(file.path)]),
  ...findStaleEntries(files, EXCEPTIONS, dictionary),
];
if (spelling.files !== files.length) {
  found.push(
    `cspell checked ${spelling.files} of ${files.length} files. Compare cspell.config.ts with text-files.ts.`,
  );
}
for (const line of found) console.log(line);
console.log(`${files.length} files, ${found.length} words to replace`);
if (found.length > 0) {
  console.log('A correct name or term: add it to scripts/words/dictionary.txt, in order.');
  console.log(
    'A legitimate use of a flagged word: add it, with the reason, to EXCEPTIONS in scripts/words/vocabulary.ts.',
  );
}
process.exitCode = found.length > 0 ? 1 : 0;
