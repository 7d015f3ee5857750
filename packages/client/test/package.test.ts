import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requires, spawnNode } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { createConsumerProject, runTsc } from './support/consumer-project.ts';
import { startDarkroom } from './support/running-darkroom.ts';

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

requires('redis').test(
  'a plain Node project uses the packed client without any other package',
  async () => {
    const [darkroom, dir] = [await startDarkroom({ worker: true }), await createConsumerProject('client')];
    await cp(fixture('use.mjs'), join(dir, 'use.mjs'));
    const env = { DARKROOM_URL: darkroom.url, DARKROOM_API_KEY: darkroom.apiKey };
    const running = spawnNode(join(dir, 'use.mjs'), { cwd: dir, env, name: 'client/use.mjs' });
    const exit = await running.exited;
    expect(exit, running.lines.join('\n')).toEqual({ code: 0, signal: null });
    expect(JSON.parse(running.lines.join('\n'))).toEqual({
      status: 'completed',
      complete: true,
      tally: { accepted: 2, duplicates: 0, rejected: 1 },
      webhookError: 'webhook_headers',
    });
  },
  120_000,
);

describe('the packed client', () => {
  test('the declarations compile in a strict project with either module resolution', async () => {
    const dir = await createConsumerProject('client', 'api');
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
        // With skipLibCheck, a declaration that does not compile would become `any`.
        skipLibCheck: false,
      };
      await writeFile(
        join(dir, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, include: ['consumer.ts'] }),
      );
      await runTsc(['-p', dir]);
    }
  }, 120_000);

  test('the packed client loads no other package and no Node module at run time', async () => {
    const dist = join(await createConsumerProject('client'), 'node_modules/@darkroom/client/dist');
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
