import { describe, expect, test } from 'vitest';
import { checkSpelling, findPhrases, findStaleEntries, findWordsInPath, readTexts } from '../words/index.ts';
import { NAME_PARTS, WORDS } from '../words/vocabulary.ts';
import { temporaryTree } from './temporary-tree.ts';

const phrasesIn = (text: string) => findPhrases({ path: 'a.ts', text }, []);

describe('check:words', () => {
  // One run of cspell: it takes seconds to start.
  test('cspell reports each flagged word with its replacement, in comments, names and hidden files', async () => {
    const root = temporaryTree({
      'src/a.ts': '// Whoever asks is told.\nexport const doorToken = openHouse;\n',
      '.github/b.md': 'Nobody misspels this.\n',
      'all.md': Object.keys(WORDS).join('\n'),
      'clean.md': 'The worker sends a webhook to the caller.\n',
      'node_modules/c/index.js': '// told\n',
    });
    const { files, lines } = await checkSpelling(root);
    expect(files).toBe(4);
    expect(lines.filter((line) => !line.startsWith('all.md')).sort()).toEqual([
      '.github/b.md:1:1 - Forbidden word (Nobody) fix: (No worker, No caller, No operator)',
      expect.stringContaining('.github/b.md:1:8 - Unknown word (misspels)'),
      'src/a.ts:1:20 - Forbidden word (told) fix: (sent, reported, answered, shown)',
      'src/a.ts:1:4 - Forbidden word (Whoever) fix: (The caller, The worker, An operator)',
      'src/a.ts:2:14 - Forbidden word (door) fix: (intake, endpoint)',
      'src/a.ts:2:30 - Forbidden word (House) fix: (Operator, Deployment, Darkroom)',
    ]);
    const found = lines.flatMap(
      (line) => /^all\.md:.* - Forbidden word \((.*)\) fix: \(.+\)$/.exec(line)?.[1] ?? [],
    );
    expect(found.sort()).toEqual(Object.keys(WORDS).sort());
  });

  test('a phrase is found across the lines of a comment, with its replacement', () => {
    expect(phrasesIn('// at the\n// most\n/** Brings one\n * image home. */\nconst bringHome = 1;')).toEqual([
      'a.ts:1:4 - Forbidden word (at the most) fix: (at most)',
      'a.ts:3:5 - Forbidden word (Brings one image home) fix: (downloads and stores)',
      'a.ts:5:7 - Forbidden word (bring home) fix: (download and store) in bringHome',
    ]);
    expect(phrasesIn('It brings this. The user goes home. At the moment, most of it is forever.')).toEqual(
      [],
    );
  });

  test('a part of a longer name is found, and the same word alone is not', () => {
    expect(phrasesIn('takeFirstLook(LOOK_MS)').map((line) => line.replace(/ fix.* in /, ' in '))).toEqual([
      'a.ts:1:1 - Forbidden word (look) in takeFirstLook',
      'a.ts:1:15 - Forbidden word (look) in LOOK_MS',
    ]);
    expect(phrasesIn('Look here: the lookup looks right. dnsLookup()')).toEqual([]);
  });

  test('a flagged word in a path is found', () => {
    for (const word of [...Object.keys(WORDS), ...Object.keys(NAME_PARTS)]) {
      expect(findWordsInPath(`apps/worker/src/${word}-stage.ts`)).toEqual([
        expect.stringContaining(`Forbidden word (${word}) fix: (`),
      ]);
    }
    expect(findWordsInPath('apps/worker/src/submit/lookup.ts')).toEqual([]);
  });

  test('an inline directive is refused: exceptions have one place', () => {
    expect(phrasesIn('// cSpell:ignore tolld')).toEqual([
      expect.stringContaining('scripts/words/vocabulary.ts'),
    ]);
  });

  test('an exception that matches nothing and an unused dictionary entry are reported', () => {
    const files = [{ path: 'a.ts', text: 'await Promise.allSettled(bullmq)' }];
    const exceptions = [
      { files: '**/*.ts', text: /allSettled/g, reason: 'used' },
      { files: '**/*.md', text: /allSettled/g, reason: 'unused' },
    ];
    expect(findStaleEntries(files, exceptions, ['bullmq', 'Pglite', 'bullmq'])).toEqual([
      'vocabulary.ts: no text in **/*.md matches /allSettled/g. Remove the exception.',
      'dictionary.txt: no file contains Pglite. Remove it.',
      'dictionary.txt: bullmq is out of order, or there twice. Sort the file.',
    ]);
  });

  test('a folder without files is an error', () => {
    expect(() => readTexts(temporaryTree({ 'node_modules/a.ts': '' }))).toThrow('no files to check');
  });
});
