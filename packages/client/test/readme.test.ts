import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, requires, spawnNode, until } from '@darkroom/testkit';
import { Webhook } from 'standardwebhooks';
import { beforeAll, expect, test } from 'vitest';
import { createConsumerProject, PACKAGES_DIR, runTsc } from './support/consumer-project.ts';
import { type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';

interface Example {
  section: string;
  code: string;
}

/** Returns the TypeScript examples of the README with their headings. */
async function readExamples(): Promise<Example[]> {
  const text = await readFile(join(PACKAGES_DIR, 'client/README.md'), 'utf8');
  return text.split(/^#+ /m).flatMap((section) => {
    const heading = section.slice(0, section.indexOf('\n'));
    return [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => ({
      section: heading,
      code: match[1] ?? '',
    }));
  });
}

requires('redis').describe('the README', () => {
  let darkroom: RunningDarkroom;
  let dir: string;
  let shown: Example[];
  beforeAll(async () => {
    darkroom = await startDarkroom({ worker: true });
    dir = await createConsumerProject('client', 'api');
    shown = await readExamples();
    const [first] = shown;
    const opening = first?.code.split('\n').slice(0, 2).join('\n');
    for (const [at, { code }] of shown.entries()) {
      const whole =
        code.includes('createDarkroom') || code.includes('verifyWebhook') ? code : `${opening}\n${code}`;
      await writeFile(join(dir, `${at}.ts`), whole.replaceAll('http://127.0.0.1:3000', darkroom.url));
    }
  });

  const run = (section: string) => {
    const at = shown.findIndex((example) => example.section === section);
    const env = {
      DARKROOM_API_KEY: darkroom.apiKey,
      DARKROOM_WEBHOOK_SECRET: darkroom.webhookSecret,
    };
    return {
      at,
      env,
      start: (more = {}) => spawnNode(join(dir, `${at}.ts`), { cwd: dir, env: { ...env, ...more } }),
    };
  };
  const collectLines = async (section: string) => {
    const running = run(section).start();
    expect(await running.exited, running.lines.join('\n')).toEqual({ code: 0, signal: null });
    return running.lines;
  };

  test('the README has the sections that this file tests', () => {
    expect(shown.map(({ section }) => section)).toEqual([
      '@darkroom/client',
      'Create many renders',
      'Wait for the end',
      'Follow the progress',
      'List and cancel',
      'Receive webhooks',
      'Handle errors',
    ]);
    expect(shown[0]?.code.trim().split('\n')).toHaveLength(5);
  });

  test('the install lines name no version, so they fit what pnpm pack builds', async () => {
    const text = await readFile(join(PACKAGES_DIR, 'client/README.md'), 'utf8');
    expect(text).toContain('pack --pack-destination ../packed');
    expect(text).toContain('npm install ../packed/darkroom-*.tgz');
    expect(text).not.toMatch(/darkroom-\w+-\d+\.\d+\.\d+/);
  });

  test('the examples compile in a strict project', async () => {
    await symlink(join(PACKAGES_DIR, '../node_modules/@types'), join(dir, 'node_modules/@types'));
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
    await runTsc(['-p', dir]);
  });

  test('the first example creates an image in five lines', async () => {
    expect(await collectLines('@darkroom/client')).toEqual([expect.stringMatching(/^completed http/)]);
  });

  test('createMany creates renders, and a second run with the same key creates none', async () => {
    const lines = await collectLines('Create many renders');
    expect(lines[0]).toMatch(/^0 rnd_\w+ created$/);
    expect(lines.join('\n')).toContain('2 invalid_request');
    expect(lines).toContain('{ accepted: 2, duplicates: 0, rejected: 1 }');
    const again = await collectLines('Create many renders');
    expect(again[0]).toMatch(/^0 rnd_\w+ existed$/);
    expect(again).toContain('{ accepted: 0, duplicates: 2, rejected: 1 }');
  });

  test('the example waits for a render and downloads its image', async () => {
    expect(await collectLines('Wait for the end')).toEqual([
      expect.stringMatching(/^image\/jpeg \d+ 0\.\d{3}$/),
    ]);
  });

  test('the example reports the progress', async () => {
    const lines = await collectLines('Follow the progress');
    expect(lines).toContain('completed 100');
    expect(lines.at(-1)).toMatch(/^http/);
  });

  test('the example lists and cancels renders', async () => {
    const idle = await startDarkroom();
    const { id } = await idle.createClient().renders.create({ prompt: 'a mug', run: 'spring' });
    const { at, start } = run('List and cancel');
    const code = await readFile(join(dir, `${at}.ts`), 'utf8');
    await writeFile(join(dir, `${at}.ts`), code.replaceAll(darkroom.url, idle.url));
    const running = start({ DARKROOM_API_KEY: idle.apiKey });
    expect((await running.exited).code, running.lines.join('\n')).toBe(0);
    expect(running.lines).toEqual([expect.stringMatching(new RegExp(`^${id} (canceled|queued)$`))]);
  });

  test('the receiver accepts only signed webhooks', async () => {
    const port = await freePort();
    const running = run('Receive webhooks').start({ PORT: String(port) });
    const at = new Date();
    const body = JSON.stringify({
      type: 'render.failed',
      timestamp: at.toISOString(),
      data: { id: 'rnd_1' },
    });
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(darkroom.webhookSecret).sign('msg_1', at, body),
    };
    const post = async (body: string) =>
      (await fetch(`http://127.0.0.1:${port}`, { method: 'POST', headers, body })).status;
    // The receiver does not report when it listens, so the first request is repeated.
    expect(await until(() => post(body))).toBe(204);
    await running.waitForLine('render.failed rnd_1');
    expect(await post(`${body} `)).toBe(400);
    await running.kill();
  });

  test('the example prints the problems of a request', async () => {
    const lines = await collectLines('Handle errors');
    expect(lines[0]).toBe('invalid_request 422 false');
    expect(lines[1]).toMatch(/^prompt text that is not blank the string ""$/);
  });
});
