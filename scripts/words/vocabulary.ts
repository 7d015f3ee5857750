// The words that Darkroom does not use, what to write instead, and where one may stand all the same.
// cspell reads it through cspell.config.ts; find-words.ts looks for what cspell cannot see.

/** Word: its replacement. Each form is listed, because cspell compares whole words. Parts of names count: `doorToken`. */
export const WORDS: Record<string, string> = {
  anybody: 'any caller, any operator',
  nobody: 'no worker, no caller, no operator',
  somebody: 'an operator, a caller, another process',
  whoever: 'the caller, the worker, an operator',

  tell: 'send, report, answer, show, distinguish',
  telling: 'sending, reporting, answering',
  tells: 'sends, reports, answers, shows',
  told: 'sent, reported, answered, shown',

  door: 'intake, endpoint',
  doors: 'endpoints',
  house: 'operator, deployment, Darkroom',
  houses: 'deployments',
  looked: 'polled, read, queried',
  mend: 'fix',
  mended: 'fixed',
  mending: 'fixing',
  mends: 'fixes',
  notified: 'sent a webhook',
  notifies: 'sends a webhook',
  notify: 'webhook, send a webhook',
  picture: 'image',
  pictures: 'images',
  settle: 'decide, apply, record, finish',
  settled: 'decided, applied, recorded, finished',
  settles: 'decides, applies, records, finishes',
  settling: 'deciding, applying, recording, finishing',
  standing: 'state, snapshot',
  standings: 'states, snapshots',
};

/** Phrase: its replacement. `…` stands for up to five words. */
export const PHRASES: Record<string, string> = {
  'at the most': 'at most',
  'bring … home': 'download and store',
  'bringing … home': 'downloading and storing',
  'brings … home': 'downloads and stores',
  'brought … home': 'downloaded and stored',
  'for ever': 'permanently, without limit',
  'in vain': 'without result',
};

/** Part of a longer name: its replacement. The word alone is good English. `firstLook`, `LOOK_QUOTA`, `take-look.ts`. */
export const NAME_PARTS: Record<string, string> = {
  look: 'poll, read, query',
  looks: 'polls, reads, queries',
};

export interface Exception {
  /** A glob. */
  files: string;
  text: RegExp;
  reason: string;
}

/** Files that are not checked at all. */
export const UNCHECKED: { files: string; reason: string }[] = [
  { files: '**/{node_modules,dist,coverage,.git,.turbo,.cache,.darkroom}/**', reason: 'not source' },
  { files: '**/{.git,*.log}', reason: 'not source' },
  { files: 'pnpm-lock.yaml', reason: 'generated; contains the names of other projects' },
  { files: 'LICENSE', reason: 'legal text' },
  { files: '**/*.png', reason: 'images' },
  { files: 'scripts/words/{vocabulary.ts,dictionary.txt}', reason: 'the lists themselves' },
  { files: 'scripts/test/check-words.test.ts', reason: 'the test of the lists' },
];

/** Text that is not checked, with the reason. An exception that no file needs any more fails the check. */
export const EXCEPTIONS: Exception[] = [
  {
    files: 'CHANGELOG.md',
    text: /^## 0\.2\.1\n[\s\S]*/gm,
    reason: 'history: what was published stays as it was',
  },
  {
    files: 'CHANGELOG.md',
    text: /^\|[^|\n]*\|[^|\n]*\|/gm,
    reason: 'the first columns of its tables name what was renamed',
  },
  { files: '**/*.ts', text: /\ballSettled\b/g, reason: 'a method of Promise' },
  {
    files: 'apps/worker/src/catalogue/image-metadata.ts',
    text: /\bW5M0MpCehiHzreSzNTczkc9d\b/g,
    reason: 'the constant that marks XMP',
  },
  {
    files: '**/test/**',
    text: /\b(?:wiat|promt|imge|delimeter|sise|colr)\b|webook|exa mple\.com|\.\.%2fetc/g,
    reason: 'wrong on purpose: tests of messages about unknown names and bad URLs',
  },
  {
    files: '**/test/**',
    text: /schlüssel|größe|Größe|Groesse|Schuh|Crème brûlée|Creme-brulee|ueber|Kühe|Füße|Leuchtturm|ключ|Лиса/g,
    reason: 'other languages: tests that every alphabet is accepted or refused as intended',
  },
  {
    files: '**/test/**',
    text: /(?:QUJD)+|\biVBOR\w*|\bsw0rdfish\b|s3cret|s(?:%40|@)cret/g,
    reason: 'invented secrets and Base64',
  },
  {
    files: '{apps/cli/src/commands/catalogue/example.ts,bench/catalogue-source.ts,docs/catalogue.md}',
    text: /Größe|Groesse|Löwe|Bär/g,
    reason: 'names of products with umlauts: what a user of a catalogue has',
  },
  { files: 'packages/testkit/src/ceph/*.ts', text: /\bAQDA+BA+==/g, reason: 'a key of the test cluster' },
  {
    files: '**/src/**',
    text: /\b(?:Throttl|deserializ|polic)\b|\[aeiou\]/g,
    reason: 'parts of regular expressions: stems of words, the vowels',
  },
];
