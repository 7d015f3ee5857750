import { fileURLToPath } from 'node:url';
import type { RestoreReport } from '@darkroom/shared/queues';
import { requires, spawnNode } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue } from '../support/journal.ts';

const MAIN = fileURLToPath(new URL('../../src/restore-command/main.ts', import.meta.url));

async function runCommand(harness: Harness, ...args: string[]) {
  const { QUEUE_URL = '', DATA_DIR } = harness.settings;
  const { prefix, store } = harness;
  const env = { QUEUE_URL, DATA_DIR, QUEUE_PREFIX: prefix, STORE_URL: store.url };
  const run = spawnNode(MAIN, { name: 'restore', args, env });
  const { code } = await run.exited;
  const json = run.lines.findLast((line) => line.startsWith('{"read"'));
  return { code, lines: run.lines, report: JSON.parse(json ?? 'null') as RestoreReport | null };
}

requires('redis').describe('the command restore', () => {
  test('a dry run reports what is lost and changes nothing, and the restore then adds it', async () => {
    const harness = await openHarness();
    const ids = await acceptRenders(harness, [{}, {}, {}]);
    await emptyQueue(harness);
    const dry = await runCommand(harness, '--dry-run', '--json');
    expect(dry).toMatchObject({ code: 0, report: { read: 3, present: 0, added: { submit: 3 } } });
    expect(await harness.queues.render.getJob(ids[0] ?? '')).toBeUndefined();
    const real = await runCommand(harness, '--json');
    expect(real).toMatchObject({ code: 0, report: { read: 3, added: { submit: 3 } } });
    const again = await runCommand(harness);
    expect(again.code).toBe(0);
    expect(again.lines.join('\n')).toMatch(/3 {2}are in the queue/);
    expect(await harness.queues.render.getJobCountByTypes('prioritized')).toBe(3);
  });

  test('an entry that cannot be read is counted, and the others are restored', async () => {
    const harness = await openHarness();
    await harness.store.put('intake/0000000000001-00.json', '{', { contentType: 'application/json' });
    await acceptRenders(harness, [{}]);
    await emptyQueue(harness);
    const { code, report } = await runCommand(harness, '--json');
    expect(code).toBe(1);
    expect(report).toMatchObject({ added: { submit: 1 }, unreadable: 1 });
  });

  test('a wrong option exits with 2 and points to the help', async () => {
    const harness = await openHarness();
    const { code, lines } = await runCommand(harness, '--dry');
    expect(code).toBe(2);
    expect(lines.join('\n')).toContain('Try --help.');
  });
});
