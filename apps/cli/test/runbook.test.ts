import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, requires, tempDir, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { type RunningDarkroom, startDarkroom } from './support/running-darkroom.ts';

vi.setConfig({ testTimeout: 120_000 });

const readText = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');
const page = await readText('docs/runbook.md');

interface Section {
  title: string;
  /** As Markdown renderers make it from the title. */
  anchor: string;
  text: string;
  /** Command lines without `darkroom` and comments. */
  commands: string[];
}

const sections = page
  .split(/^## /m)
  .slice(1)
  .map((text): Section => {
    const title = text.slice(0, text.indexOf('\n'));
    const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, block = '']) => block);
    return {
      title,
      anchor: title
        .toLowerCase()
        .replaceAll(/[^a-z ]/g, '')
        .replaceAll(' ', '-'),
      text,
      commands: blocks
        .flatMap((block) => block.trimEnd().split('\n'))
        .map((line) => line.replace(/^darkroom /, '').replace(/ +#.*$/, '')),
    };
  });

describe('the runbook', () => {
  test('every alert has a section, and links to it', async () => {
    const rules = await readText('infra/alerts.yaml');
    const alerts = [...rules.matchAll(/alert: (\w+)[^]*?runbook_url: docs\/runbook\.md#([a-z-]+)/g)];
    expect(alerts).toHaveLength([...rules.matchAll(/- alert:/g)].length);
    for (const [, alert = '', anchor] of alerts) {
      const section = sections.find((one) => one.anchor === anchor);
      expect([alert, section?.text]).toEqual([alert, expect.stringContaining(`\`${alert}\``)]);
    }
    for (const [, alert = ''] of page.matchAll(/`(Darkroom\w+)`/g))
      expect(rules).toContain(`alert: ${alert}\n`);
  });

  test('every metric of an alert exists', async () => {
    const rules = await readText('infra/alerts.yaml');
    const metrics = `${await readText('apps/worker/src/stage/metrics.ts')}${await readText('apps/producer/src/health/metrics.ts')}`;
    for (const [, name = ''] of rules.matchAll(/darkroom_(\w+?)(?:_count)?[[{ )]/g))
      expect(metrics).toMatch(new RegExp(`'(darkroom_)?${name}'`));
  });

  test('every problem of the overview has a section', async () => {
    const view = await readText('apps/producer/src/pages/overview/overview-view.ts');
    const titles = [...view.matchAll(/(?:problem|warning)\(\s*(['`])(.+?)\1/g)].map(
      ([, , title = '']) => title,
    );
    expect(titles.length).toBeGreaterThan(8);
    for (const title of titles) expect(page).toContain(`*${title.replaceAll(/\$\{[^}]*\}/g, '…')}*`);
  });
});

requires('redis').describe('the commands of the runbook', () => {
  let server: RunningDarkroom;
  let acknowledges = false;
  const ids: Record<string, string> = {};

  /** The values of $NAME in the commands of a section, by its anchor. */
  const prepare: Record<string, () => Promise<Record<string, string>>> = {
    'renders-wait-for-an-operator': async () => {
      await pauseSubmissions();
      await server.run(['pause', '--run', 'later', '--name', 'review', '--reason', 'review', '--yes']);
      return { PAUSE: 'review' };
    },
    'all-workers-are-drained': async () => {
      const [{ name: WORKER }] = await server.json(['workers', 'list']);
      await server.run(['workers', 'drain', WORKER, '--reason', 'new machine', '--yes']);
      return { WORKER };
    },
    'the-backlog-only-grows': async () => {
      await pauseSubmissions();
      return { RENDER: await server.create({ prompt: 'a queued mug' }) };
    },
    'unknown-purchases': async () => ({
      RENDER: ids['lamp'] ?? '',
      TASK: server.simulator.book.byBusinessId(ids['lamp'] ?? '')[0]?.taskId ?? '',
    }),
    'renders-failed': async () => ({ RENDER: ids['chair'] ?? '' }),
    'renders-of-a-redrive-failed-again': async () => ({
      REDRIVE: (await server.json(['redrives', 'list']))[0].id,
    }),
    'a-receiver-did-not-get-a-webhook': async () => {
      acknowledges = true;
      return { RENDER: ids['mug'] ?? '' };
    },
    'a-night-of-a-catalogue-has-an-alarm': async () => {
      const folder = await tempDir();
      const yaml =
        'name: shoes\ntenant: shop\nsource: { path: products.csv }\nkey: sku\nprompt: A shoe {{ sku }}\n';
      await writeFile(join(folder, 'catalogue.yaml'), yaml);
      await writeFile(join(folder, 'products.csv'), 'sku\nS-1\n');
      const { code } = await server.run(['catalogue', 'run', join(folder, 'catalogue.yaml')], {
        env: server.shopEnv,
      });
      expect(code).toBe(0);
      return { CATALOGUE: 'shoes', TENANT: 'shop' };
    },
    'sweeps-repaired-something': async () => ({ RENDER: ids['mug'] ?? '' }),
  };
  const pauseSubmissions = () => server.run(['pause', 'submit', '--reason', 'maintenance', '--yes']);
  /** What follows the commands of a section. */
  const finish: Record<string, () => Promise<unknown>> = {
    'renders-wait-for-an-operator': async () => expect(await server.queues.submit.isPaused()).toBe(false),
    'all-workers-are-drained': async () => {
      const [{ name }] = await server.json(['workers', 'list']);
      await server.run(['workers', 'undrain', name, '--yes']);
    },
    'a-limit-is-overridden': async () =>
      expect((await server.json(['quota', 'get', 'submissions-per-minute'])).override).toBeNull(),
    'the-backlog-only-grows': () => server.run(['resume', 'submit', '--yes']),
    'paid-images-expire': async () => await expectStatus('shelf', 'completed'),
    'unknown-purchases': async () => {
      for (const name of ['lamp', 'vase']) await expectStatus(name, 'completed');
      expect(server.simulator.book.byBusinessId(ids['lamp'] ?? '')).toHaveLength(1);
    },
    'renders-failed': async () => {
      await expectStatus('chair', 'completed');
      expect((await server.json(['dead-letters', 'summary'])).count).toBe(0);
    },
  };
  const expectStatus = async (name: string, status: string) =>
    await until(async () => (await server.json(['renders', 'get', ids[name] ?? ''])).status === status);

  beforeAll(async () => {
    const receiver = createServer((_, response) => response.writeHead(acknowledges ? 204 : 410).end());
    await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
    cleanup(() => void receiver.close());
    server = await startDarkroom(
      {
        SUBMIT_ATTEMPTS: 1,
        MAX_PURCHASES: 1,
        UNKNOWN_GRACE_MS: 100,
        WEBHOOK_SECRETS: [{ value: `whsec_${randomBytes(32).toString('base64')}` }],
      },
      { clock: { ...systemClock, random: () => 0.02 } },
    );
    const faults: Record<string, FaultRule> = {
      chair: { kind: 'no_channel' },
      lamp: { kind: 'accept_then_cut' },
      vase: { kind: 'cut_before' },
      shelf: { kind: 'redirect', to: 'https://elsewhere.example/image.png', forMs: 86_400_000 },
      mirror: { kind: 'refuse_content' },
    };
    for (const [word, fault] of Object.entries(faults)) {
      server.simulator.faults.add({ ...fault, promptIncludes: word, rate: 1 } as FaultRule);
      ids[word] = await server.create({ prompt: `a ${word}`, run: 'night' });
    }
    const { port } = receiver.address() as AddressInfo;
    ids['mug'] = await server.create({ prompt: 'a mug', webhook_url: `http://127.0.0.1:${port}/in` });
    await until(async () => (await server.queues.webhookDeadLetter.getWaitingCount()) === 1);
    await until(async () => (await server.json(['dead-letters', 'summary'])).count === 5);
    server.simulator.faults.clear();
  });

  test('every command of the page does what it says, in the order of the page', async () => {
    const unchanging = new Set<string>();
    for (const { anchor, title, commands } of sections) {
      expect([title, commands.length > 0]).toEqual([title, true]);
      const values = (await prepare[anchor]?.()) ?? {};
      for (const command of commands) {
        // The same answer as in an earlier section.
        if (unchanging.has(command)) continue;
        if (/^(doctor|restore --dry-run)/.test(command)) unchanging.add(command);
        const { code, out, err } = await server.run(splitWords(command, values), { env: server.workerEnv });
        // A check of doctor may fail on the machine that runs the test.
        const expected = command.startsWith('doctor') && out.includes('queue') ? code : 0;
        expect([command, code, err]).toEqual([command, expected, expect.any(String)]);
      }
      await finish[anchor]?.();
    }
  });
});

/** The words of a command line. `$NAME` stands for a value; quotes keep blanks. */
function splitWords(line: string, values: Record<string, string>): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word = '']) => {
    if (!word.startsWith('$')) return quoted ?? word;
    const value = values[word.slice(1)];
    if (!value) throw new Error(`${word} has no value in: ${line}`);
    return value;
  });
}
