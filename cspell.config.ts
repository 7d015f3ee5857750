import { EXCEPTIONS, UNCHECKED, WORDS } from './scripts/words/vocabulary.ts';

// Spelling, and the words that Darkroom does not use. `pnpm check:words` runs it; editors with a cspell plugin read it too.
export default {
  version: '0.2',
  language: 'en-US',
  enableGlobDot: true,
  dictionaryDefinitions: [{ name: 'darkroom', path: './scripts/words/dictionary.txt', addWords: true }],
  dictionaries: ['darkroom'],
  flagWords: Object.entries(WORDS).map(([word, replacement]) => `${word}->${replacement}`),
  ignorePaths: UNCHECKED.map(({ files }) => files),
  overrides: EXCEPTIONS.map(({ files, text }) => ({ filename: files, ignoreRegExpList: [text] })),
};
