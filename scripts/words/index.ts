// vocabulary.ts   the words not to use, what to write instead, and the exceptions: one list for all that follow
// dictionary.txt  names and terms that are spelled correctly, sorted
// spelling.ts     runs cspell on the text of files: spelling, flagged words
// find-words.ts   what cspell cannot see: phrases, parts of longer names, names of files
// text-files.ts   the files that are checked
// stale.ts        exceptions and dictionary entries that no file needs any more
export { findPhrases, findWordsInPath } from './find-words.ts';
export { checkSpelling } from './spelling.ts';
export { findStaleEntries } from './stale.ts';
export { readTexts } from './text-files.ts';
export { EXCEPTIONS } from './vocabulary.ts';
