import { describe, expect, test } from 'vitest';
import { findViolations, printGraph, readSourceTree } from '../imports/index.ts';
import { temporaryTree } from './temporary-tree.ts';

const SIBLINGS = ['apps/worker/src/submit', 'apps/worker/src/render'];

function violationsOf(files: Record<string, string>, siblings: string[] = []): string[] {
  const packages = readSourceTree(temporaryTree(files));
  return findViolations(packages, siblings).map(({ rule, message }) => `${rule}: ${message}`);
}

describe('check:imports', () => {
  test('accepts a tree that keeps the rules', () => {
    const violations = violationsOf({
      'apps/worker/src/main.ts': `import { submit } from './submit/index.ts';\nsubmit();`,
      'apps/worker/src/submit/index.ts': `export * from './submit.ts';`,
      'apps/worker/src/submit/submit.ts': `import type { Step } from '../step.ts';\nexport const submit = (): Step => 1;`,
      'apps/worker/src/step.ts': `import { renderId } from '@darkroom/shared/render';\nexport type Step = number;`,
    });
    expect(violations).toEqual([]);
  });

  test('a cycle of files that only import types of each other is reported with both files', () => {
    const violations = violationsOf({
      'packages/api/src/a.ts': `import type { B } from './b.ts';\nexport type A = B;`,
      'packages/api/src/b.ts': `export type B = import('./a.ts').A[];`,
    });
    expect(violations).toEqual([
      expect.stringContaining('cycle: packages/api/src: a.ts, b.ts import each other'),
    ]);
    expect(violations[0]).toContain('packages/api/src/a.ts imports packages/api/src/b.ts');
    expect(violations[0]).toContain('packages/api/src/b.ts imports packages/api/src/a.ts');
  });

  test('a cycle of folders without a cycle of files is reported with the imports that cause it', () => {
    const violations = violationsOf({
      'apps/producer/src/access/index.ts': `export * from './guard.ts';\nexport * from './role.ts';`,
      'apps/producer/src/access/guard.ts': `import '../http/index.ts';`,
      'apps/producer/src/access/role.ts': `export type Role = 'operator';`,
      'apps/producer/src/http/index.ts': `export {};`,
      'apps/producer/src/http/route.ts': `export type { Role } from '../access/index.ts';`,
    });
    expect(violations).toEqual([
      expect.stringContaining('apps/producer/src: access, http import each other'),
    ]);
    expect(violations[0]).toContain('access → http: apps/producer/src/access/guard.ts');
    expect(violations[0]).toContain('http → access: apps/producer/src/http/route.ts');
  });

  test('an import past an index.ts is reported with the specifier to use instead', () => {
    const violations = violationsOf({
      'apps/producer/src/pages/render/page.ts': `import { body } from '../../http/parts/body.ts';`,
      'apps/producer/src/http/index.ts': `export * from './parts/index.ts';`,
      'apps/producer/src/http/parts/index.ts': `export * from './body.ts';`,
      'apps/producer/src/http/parts/body.ts': `export const body = 1;`,
    });
    expect(violations).toEqual([
      expect.stringMatching(
        /^deep import: apps\/producer\/src\/pages\/render\/page\.ts imports .*parts\/body\.ts, .*Import from '\.\.\/\.\.\/http\/index\.ts'/,
      ),
    ]);
  });

  test('a folder that others import must have an index.ts', () => {
    const violations = violationsOf({
      'bench/main.ts': `await import('./probes/memory.ts');`,
      'bench/probes/memory.ts': `export {};`,
    });
    expect(violations).toEqual([expect.stringContaining('no index.ts: bench/probes has no index.ts')]);
  });

  test('a root import of @darkroom/shared is reported', () => {
    const violations = violationsOf({
      'apps/worker/src/main.ts': `import { RenderId } from '@darkroom/shared';`,
    });
    expect(violations).toEqual([
      `root import: apps/worker/src/main.ts imports '@darkroom/shared'. Import a subpath, such as '@darkroom/shared/render'.`,
    ]);
  });

  test('an import of the source of another package is reported', () => {
    const violations = violationsOf({
      'apps/worker/src/main.ts': `import '../../producer/src/index.ts';`,
      'apps/producer/src/index.ts': `export {};`,
    });
    expect(violations).toEqual([
      expect.stringContaining('leaves its package: apps/worker/src/main.ts imports'),
    ]);
  });

  test('a stage that imports another stage is reported, through index.ts too', () => {
    const violations = violationsOf(
      {
        'apps/worker/src/submit/index.ts': `import '../render/index.ts';`,
        'apps/worker/src/render/index.ts': `export {};`,
      },
      SIBLINGS,
    );
    expect(violations).toEqual([
      expect.stringContaining('siblings: apps/worker/src/submit/index.ts imports'),
    ]);
  });

  test('a stage whose folder is missing is reported, so that a rename cannot disable the rule', () => {
    const violations = violationsOf({ 'apps/worker/src/submit/index.ts': `export {};` }, SIBLINGS);
    expect(violations).toEqual([expect.stringContaining('siblings: apps/worker/src/render does not exist')]);
  });

  test('a tree without source is an error', () => {
    expect(() => readSourceTree(temporaryTree({ 'README.md': '' }))).toThrow('no source files');
  });

  test('--graph prints a package in layers, importers first', () => {
    const root = temporaryTree({
      'bench/main.ts': `import './report/index.ts';\nimport './stats.ts';`,
      'bench/report/index.ts': `import '../stats.ts';`,
      'bench/stats.ts': `export {};`,
    });
    expect(readSourceTree(root).map(printGraph)).toEqual([
      [
        'bench: 1 folders, 2 files, 3 arrows',
        '   1  main.ts  → report stats.ts',
        '   2  report   → stats.ts',
        '   3  stats.ts',
      ].join('\n'),
    ]);
  });
});
