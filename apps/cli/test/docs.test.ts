import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { COMMANDS } from '../src/commands/index.ts';
import { EXIT, EXIT_MEANINGS } from '../src/exit-codes.ts';
import { darkroom } from './support/run.ts';

const page = await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

/** The commands in the shell blocks of the page, without `darkroom` and a comment. */
const documented = [...page.matchAll(/```sh\n([^]*?)```/g)]
  .flatMap(([, block = '']) => block.split('\n'))
  .flatMap((line) => /(?:^|\(|-s )darkroom ([^#<|)]+)/.exec(line)?.[1]?.trim() ?? []);

const OTHERS = ['help', 'completion', '--help'];
const findSpec = (line: string) => COMMANDS.find(({ path }) => line === path || line.startsWith(`${path} `));

test('every command of docs/cli.md exists, with its options', () => {
  expect(documented.length).toBeGreaterThan(20);
  for (const line of documented) {
    if (OTHERS.includes(line.split(' ')[0] ?? '')) continue;
    const spec = findSpec(line);
    expect([line, spec?.path]).toEqual([line, expect.any(String)]);
    const known = ['--json', '--profile', ...(spec?.options ?? []).map(({ long }) => long)];
    if (spec?.asks) known.push('--yes');
    if (spec?.page) known.push('--web');
    for (const [flag] of line.matchAll(/--[a-z-]+/g))
      expect([line, known]).toEqual([line, expect.arrayContaining([flag])]);
  }
});

test('docs/cli.md shows every command', () => {
  const shown = new Set(documented.map((line) => findSpec(line)?.path));
  expect(COMMANDS.map(({ path }) => path).filter((path) => !shown.has(path))).toEqual([]);
});

test('docs/cli.md has the exit codes of the command line', () => {
  for (const name of Object.keys(EXIT) as (keyof typeof EXIT)[])
    expect(page).toContain(`| ${EXIT[name]} | ${EXIT_MEANINGS[name]} |`);
});

test.each(COMMANDS.map(({ path, examples }) => [path, examples] as const))(
  'the help of `%s` has examples of itself, and lists its --json fields',
  async (path, examples) => {
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(findSpec(example)?.path).toBe(path);
    const words = path.split(' ');
    const { out, code } = await darkroom([...words, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`darkroom ${examples[0]}`);
    expect(out).toContain('--json [fields]');
  },
);
