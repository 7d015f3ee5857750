import { fileURLToPath } from 'node:url';
import { parseSettings } from '@darkroom/shared/config';
import { findApiKey, parseApiKeys } from '@darkroom/shared/keys';
import { spawnNode } from '@darkroom/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/new-key/main.ts', import.meta.url));

async function run(...args: string[]) {
  const { lines, exited } = spawnNode(MAIN, { args });
  return { code: (await exited).code, text: lines.join('\n') };
}

test('the entry that `new-key` prints gives access to its key, for people and as JSON', async () => {
  const { text, code } = await run('--tenant', 'shop', '--rate', '50');
  expect(code).toBe(0);
  const [key = ''] = /dk_[\w-]+/.exec(text) ?? [];
  const [entry = ''] = /shop:\S+/.exec(text) ?? [];
  expect(findApiKey(parseApiKeys(entry) ?? [], key)).toMatchObject({
    tenant: 'shop',
    roles: ['enqueue', 'read'],
    perSecond: 50,
  });
  const json = JSON.parse((await run('--tenant', '*', '--json')).text);
  expect(findApiKey(parseApiKeys(json.entry) ?? [], json.key)).toMatchObject({
    tenant: '*',
    roles: ['operate', 'read'],
  });
});

test('WEBHOOK_SECRETS accepts the entry of a new webhook secret', async () => {
  const { entry } = JSON.parse((await run('--webhook-secret', '--tenant', 'shop', '--json')).text);
  expect(parseSettings({ WEBHOOK_SECRETS: entry }).WEBHOOK_SECRETS).toEqual([
    { tenant: 'shop', value: entry.slice('shop='.length) },
  ]);
});

test.each([
  [
    ['--tenant', 'No Shop'],
    /'--tenant <name>' argument 'No Shop' is invalid\. expected a name of at most 63/,
  ],
  [['--roles', 'write'], /'--roles' expected one or more of enqueue, read, operate$/m],
  [['--tenant', '*', '--roles', 'enqueue'], /a render belongs to one tenant/],
  [['--rate', 'fast'], /'--rate <n>' argument 'fast' is invalid\. expected a whole number above 0/],
  [['--nope'], /unknown option '--nope'/],
])('`new-key` with %j says what was expected, and exits with 2', async (args, message) => {
  const { text, code } = await run(...args);
  expect(code).toBe(2);
  expect(text).toMatch(message);
});
