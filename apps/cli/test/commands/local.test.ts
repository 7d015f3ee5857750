import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSettings } from '@darkroom/shared/config';
import { findApiKey, parseApiKeys } from '@darkroom/shared/keys';
import { cleanup, freePort, spawnNode, tempDir } from '@darkroom/testkit';
import { describe, expect, test, vi } from 'vitest';
import { darkroom } from '../support/run.ts';

describe('keys new --entry', () => {
  test('its entry gives access to its key, for people and as JSON', async () => {
    const { out, code } = await darkroom(['keys', 'new', '--entry', '--tenant', 'shop', '--rate', '50']);
    expect(code).toBe(0);
    const [key = ''] = /dk_[\w-]+/.exec(out) ?? [];
    const [entry = ''] = /shop:\S+/.exec(out) ?? [];
    expect(findApiKey(parseApiKeys(entry) ?? [], key)).toMatchObject({
      tenant: 'shop',
      roles: ['enqueue', 'read'],
      perSecond: 50,
    });
    const json = JSON.parse(
      (await darkroom(['keys', 'new', '--entry', '--tenant', '*', '--json', 'key,entry'])).out,
    );
    expect(findApiKey(parseApiKeys(json.entry) ?? [], json.key)).toMatchObject({
      tenant: '*',
      roles: ['operate', 'read'],
    });
  });

  test('WEBHOOK_SECRETS accepts the entry of a new webhook secret', async () => {
    const args = ['keys', 'new', '--webhook-secret', '--tenant', 'shop', '--json', 'entry'];
    const { entry } = JSON.parse((await darkroom(args)).out);
    expect(parseSettings({ WEBHOOK_SECRETS: entry }).WEBHOOK_SECRETS).toEqual([
      { tenant: 'shop', value: entry.slice('shop='.length) },
    ]);
  });

  test.each([
    [['--tenant', 'No Shop'], /'No Shop' is invalid\. expected at most 63 characters/],
    [['--roles', 'write'], /--roles: expected one or more of enqueue, read, operate, received "write"/],
    [['--tenant', '*', '--roles', 'enqueue'], /a render belongs to one tenant/],
    [['--rate', 'fast'], /'fast' is invalid\. expected a whole number above 0/],
    [['--nope'], /unknown option '--nope'/],
  ])('with %j it says what was expected, and exits with 2', async (args, message) => {
    const { err, code } = await darkroom(['keys', 'new', '--entry', ...args]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});

describe('profiles', () => {
  test('a profile keeps URL and key in a file of its owner, and no command shows the key', async () => {
    const env = { XDG_CONFIG_HOME: await tempDir() };
    const set = ['profiles', 'set', 'prod', '--url', 'http://127.0.0.1:1', '--api-key-stdin', '--default'];
    expect((await darkroom(set, { env, input: 'dk_key\n' })).code).toBe(0);
    const path = join(env.XDG_CONFIG_HOME, 'darkroom', 'config.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      default: 'prod',
      profiles: { prod: { url: 'http://127.0.0.1:1', api_key: 'dk_key' } },
    });
    const { out } = await darkroom(['profiles', 'list', '--json', 'all'], { env });
    expect(JSON.parse(out)).toEqual([
      { name: 'prod', url: 'http://127.0.0.1:1', has_key: true, is_default: true },
    ]);
    const { err } = await darkroom(['open', '--profile', 'stage'], { env });
    expect(err).toMatch(/^error: --profile: expected one of the profiles \(prod\), received "stage"/);
    expect((await darkroom(['profiles', 'remove', 'prod'], { env })).code).toBe(0);
    expect((await darkroom(['profiles', 'remove', 'prod'], { env })).code).toBe(3);
  });

  test('--profile comes before DARKROOM_URL, and DARKROOM_URL before the default profile', async () => {
    const env = { XDG_CONFIG_HOME: await tempDir() };
    for (const [name, more] of [
      ['one', ['--default']],
      ['two', []],
    ] as const)
      await darkroom(['profiles', 'set', name, '--url', `https://${name}.test`, ...more], { env });
    const open = async (more: string[], set = {}) =>
      (await darkroom(['open', ...more], { env: { ...env, ...set } })).out;
    const url = { DARKROOM_URL: 'https://env.test' };
    expect(await open([])).toBe('https://one.test/\n');
    expect(await open([], { DARKROOM_PROFILE: 'two' })).toBe('https://two.test/\n');
    expect(await open([], { ...url, DARKROOM_PROFILE: 'two' })).toBe('https://env.test/\n');
    expect(await open(['--profile', 'one'], url)).toBe('https://one.test/\n');
  });

  test('a damaged file is an error that shows its place and none of its content', async () => {
    const env = { XDG_CONFIG_HOME: await tempDir() };
    await mkdir(join(env.XDG_CONFIG_HOME, 'darkroom'));
    await writeFile(
      join(env.XDG_CONFIG_HOME, 'darkroom', 'config.json'),
      '{"profiles":{"a":{"url":"dk_secret"}}}',
    );
    const { code, err } = await darkroom(['profiles', 'list'], { env });
    expect(code).toBe(2);
    expect(err).toContain('config.json: profiles.a.url: an http(s) URL');
    expect(err).not.toContain('dk_secret');
  });
});

describe('the command line', () => {
  test('an unknown command gets a suggestion', async () => {
    expect(await darkroom(['render'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean renders?'),
    });
    const verb = await darkroom(['renders', 'lst']);
    expect(verb).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean list?') });
  });

  test('without a server, the error names DARKROOM_URL and the command that starts one', async () => {
    const DARKROOM_URL = `http://127.0.0.1:${await freePort()}`;
    const { code, err } = await darkroom(['renders', 'list'], { env: { DARKROOM_URL } });
    expect(code).toBe(1);
    expect(err).toContain(`${DARKROOM_URL} does not answer (ECONNREFUSED).`);
    expect(err).toContain('This URL is the value of DARKROOM_URL.');
    expect(err).toContain('npx -y pnpm@12 start');
    const wrong = await darkroom(['renders', 'list'], { env: { DARKROOM_URL: 'localhost' } });
    expect(wrong).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^error: DARKROOM_URL: expected .*"localhost"/),
    });
  });

  test('completion offers commands, options and values, one line each', async () => {
    // The library of the completion writes on the console.
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    cleanup(() => log.mockRestore());
    const complete = async (...words: string[]) => {
      log.mockClear();
      await darkroom(['complete', '--', ...words]);
      return log.mock.calls.join('\n');
    };
    expect(await complete('ren')).toMatch(/^renders\t/m);
    expect(await complete('renders', '')).toMatch(/^why\t/m);
    expect(await complete('renders', 'list', '--')).toMatch(/^--status\t/m);
    expect(await complete('pause', '')).toMatch(/^submit\b/m);
    for (const shell of ['bash', 'zsh', 'fish']) {
      log.mockClear();
      await darkroom(['completion', shell]);
      expect(log.mock.calls.join('\n')).toContain('darkroom complete --');
    }
  });

  test('the process runs, with the exit code of its command', async () => {
    const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
    const { lines, exited } = spawnNode(main, { args: ['help', 'exit-codes'] });
    expect((await exited).code).toBe(0);
    expect(lines.join('\n')).toMatch(/^5 +Some of the renders succeeded/m);
    const wrong = spawnNode(main, { args: ['renders'] });
    expect((await wrong.exited).code).toBe(2);
  });
});
