import { glob, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The one spelling of a command of this repository. It needs Node and npm alone. */
const SPELLING = /npx -y pnpm@12 (?:-s )?([\w:-]+)/g;
const WITHOUT_SCRIPT = ['install', '--filter'];

/** What a machine with Node and npm alone does not have. */
const MISSING =
  /(?<!npx -y )\bpnpm(?:@\d+)? [\w-]|\bnpx (?!-y )|\b(?:jq|corepack|yarn)\b|npm (?:i|install) (?:-g|--global)/;

/** The commands of a document: the lines of its shell blocks and its inline code. */
function findCommands(text: string): string[] {
  const blocks = [...text.matchAll(/```(?:sh)?\n([^]*?)```/g)].flatMap(([, block = '']) => block.split('\n'));
  const inline = [...text.replace(/```[^]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline];
}

async function readDocuments(): Promise<{ path: string; text: string }[]> {
  const documents: { path: string; text: string }[] = [];
  const exclude = (path: string) => /(^|\/)(node_modules|\.[^/]+)$/.test(path);
  for await (const path of glob('**/*.md', { cwd: ROOT, exclude })) {
    documents.push({ path, text: await readFile(`${ROOT}/${path}`, 'utf8') });
  }
  return documents;
}

test('every command of the documents needs only Node and npm, and has the same spelling', async () => {
  const documents = await readDocuments();
  expect(documents.length).toBeGreaterThan(15);
  const wrong = documents.flatMap(({ path, text }) =>
    findCommands(text)
      .filter((command) => MISSING.test(command))
      .map((command) => `${path}: ${command}`),
  );
  expect(wrong).toEqual([]);
});

test('every command of the documents runs a script of package.json', async () => {
  const { scripts } = JSON.parse(await readFile(`${ROOT}/package.json`, 'utf8')) as { scripts: object };
  const known = [...Object.keys(scripts), ...WITHOUT_SCRIPT];
  const named = (await readDocuments()).flatMap(({ text }) =>
    [...text.matchAll(SPELLING)].map(([, name]) => name),
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((name) => !known.includes(name ?? ''))).toEqual([]);
});
