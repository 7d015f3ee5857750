import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, requires, spawnNode, until } from '@darkroom/testkit';
import { Webhook } from 'standardwebhooks';
import { beforeAll, expect, test } from 'vitest';
import { foreignProject, packages, tsc } from './support/consumer-project.ts';
import { type House, openHouse } from './support/running-darkroom.ts';

interface Example {
  section: string;
  code: string;
}

/** The TypeScript of the README, each piece with its heading. */
async function examples(): Promise<Example[]> {
  const text = await readFile(join(packages, 'client/README.md'), 'utf8');
  return text.split(/^#+ /m).flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n'));
    return [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => ({
      section: heading,
      code: match[1] ?? '',
    }));
  });
}

requires('redis').describe('what the README shows', () => {
  let house: House;
  let dir: string;
  let shown: Example[];
  beforeAll(async () => {
    house = await openHouse({ work: true });
    dir = await foreignProject('client', 'api');
    shown = await examples();
    const [first] = shown;
    const opening = first?.code.split('\n').slice(0, 2).join('\n');
    for (const [at, { code }] of shown.entries()) {
      const whole =
        code.includes('createDarkroom') || code.includes('verifyWebhook') ? code : `${opening}\n${code}`;
      await writeFile(join(dir, `${at}.ts`), whole.replaceAll('http://127.0.0.1:3000', house.url));
    }
  });

  const run = (section: string) => {
    const at = shown.findIndex((example) => example.section === section);
    const env = {
      DARKROOM_API_KEY: house.apiKey,
      DARKROOM_WEBHOOK_SECRET: house.webhookSecret,
    };
    return {
      at,
      env,
      start: (more = {}) => spawnNode(join(dir, `${at}.ts`), { cwd: dir, env: { ...env, ...more } }),
    };
  };
  const linesOf = async (section: string) => {
    const running = run(section).start();
    expect(await running.exited, running.lines.join('\n')).toEqual({ code: 0, signal: null });
    return running.lines;
  };

  test('is what this file runs', () => {
    expect(shown.map(({ section }) => section)).toEqual([
      '@darkroom/client',
      'Thousands',
      'Until it has ended',
      'Progress',
      'Looking, canceling',
      'Webhooks',
      'Errors',
    ]);
    expect(shown[0]?.code.trim().split('\n')).toHaveLength(5);
  });

  test('type-checks in a strict project', async () => {
    await symlink(join(packages, '../node_modules/@types'), join(dir, 'node_modules/@types'));
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      types: ['node'],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      noUncheckedIndexedAccess: true,
    };
    await writeFile(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    await tsc(['-p', dir]);
  });

  test('five lines make an image', async () => {
    expect(await linesOf('@darkroom/client')).toEqual([expect.stringMatching(/^completed http/)]);
  });

  test('thousands, and going on under the same key', async () => {
    const lines = await linesOf('Thousands');
    expect(lines[0]).toMatch(/^0 rnd_\w+ queued$/);
    expect(lines.join('\n')).toContain('2 invalid_request');
    expect(lines).toContain('{ accepted: 2, duplicates: 0, rejected: 1 }');
    const again = await linesOf('Thousands');
    expect(again[0]).toMatch(/^0 rnd_\w+ was there$/);
    expect(again).toContain('{ accepted: 0, duplicates: 2, rejected: 1 }');
  });

  test('the end of a render, and its picture', async () => {
    expect(await linesOf('Until it has ended')).toEqual([
      expect.stringMatching(/^image\/jpeg \d+ 0\.\d{3}$/),
    ]);
  });

  test('progress', async () => {
    const lines = await linesOf('Progress');
    expect(lines).toContain('completed 100');
    expect(lines.at(-1)).toMatch(/^http/);
  });

  test('looking and canceling', async () => {
    const idle = await openHouse();
    const { id } = await idle.client().renders.create({ prompt: 'a mug', run: 'spring' });
    const { at, start } = run('Looking, canceling');
    const code = await readFile(join(dir, `${at}.ts`), 'utf8');
    await writeFile(join(dir, `${at}.ts`), code.replaceAll(house.url, idle.url));
    const running = start({ DARKROOM_API_KEY: idle.apiKey });
    expect((await running.exited).code, running.lines.join('\n')).toBe(0);
    expect(running.lines).toEqual([expect.stringMatching(new RegExp(`^${id} (canceled|queued)$`))]);
  });

  test('a receiver of webhooks believes what is signed and nothing else', async () => {
    const port = await freePort();
    const running = run('Webhooks').start({ PORT: String(port) });
    const at = new Date();
    const body = JSON.stringify({
      type: 'render.failed',
      timestamp: at.toISOString(),
      data: { id: 'rnd_1' },
    });
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(house.webhookSecret).sign('msg_1', at, body),
    };
    const post = async (body: string) =>
      (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body })).status;
    // It does not say when it listens.
    expect(await until(() => post(body))).toBe(204);
    await running.waitForLine('render.failed rnd_1');
    expect(await post(`${body} `)).toBe(400);
    await running.kill();
  });

  test('errors', async () => {
    const lines = await linesOf('Errors');
    expect(lines[0]).toBe('invalid_request 422 false');
    expect(lines[1]).toMatch(/^prompt /);
  });
});
