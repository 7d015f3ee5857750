import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requires, spawnNode } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { foreignProject, tsc } from './support/consumer-project.ts';
import { openHouse } from './support/running-darkroom.ts';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

requires('redis').test(
  'a plain Node project uses the packed client, with no other package there',
  async () => {
    const [house, dir] = [await openHouse({ work: true }), await foreignProject('client')];
    await cp(fixture('use.mjs'), join(dir, 'use.mjs'));
    const env = { DARKROOM_URL: house.url, DARKROOM_API_KEY: house.apiKey };
    const running = spawnNode(join(dir, 'use.mjs'), { cwd: dir, env, name: 'client/use.mjs' });
    const exit = await running.exited;
    expect(exit, running.lines.join('\n')).toEqual({ code: 0, signal: null });
    expect(JSON.parse(running.lines.join('\n'))).toEqual({
      status: 'completed',
      whole: true,
      tally: { accepted: 2, duplicates: 0, rejected: 1 },
      refused: 'webhook_headers',
    });
  },
  120_000,
);

describe('the packed declarations', () => {
  test('are whole types in a strict project, however it resolves modules', async () => {
    const dir = await foreignProject('client', 'api');
    await cp(fixture('consumer.ts'), join(dir, 'consumer.ts'));
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2022', 'dom', 'dom.asynciterable'],
        types: [],
        strict: true,
        noEmit: true,
        exactOptionalPropertyTypes: true,
        // Declarations that do not hold by themselves would be any.
        skipLibCheck: false,
      };
      await writeFile(
        join(dir, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, include: ['consumer.ts'] }),
      );
      await tsc(['-p', dir]);
    }
  }, 120_000);

  test('nothing of the workspace and nothing of Node is loaded at run time', async () => {
    const dist = join(await foreignProject('client'), 'node_modules/@darkroom/client/dist');
    const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith('.js'));
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const source = await readFile(join(dist, file), 'utf8');
      const specifiers = [...source.matchAll(/(?:from|import)\s*\(?['"]([^'"]+)['"]/g)].map(
        (match) => match[1],
      );
      expect(specifiers.filter((specifier) => !/^\.\.?\/.*\.js$/.test(specifier ?? ''))).toEqual([]);
    }
  });
});
