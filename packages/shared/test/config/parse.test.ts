import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type ConfigError, listSecrets, parseSettings, settingsPage } from '../../src/config/index.ts';
import { createScrub } from '../../src/runtime/index.ts';

const listProblems = (env: Record<string, string>, required: Parameters<typeof parseSettings>[1] = {}) => {
  try {
    parseSettings(env, required);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
};

describe('parseSettings()', () => {
  test('every setting may be absent', () => {
    expect(parseSettings({})).toMatchObject({ PORT: 3000, MAX_PURCHASES: 3, SUBMIT_UNKNOWN: 'hold' });
  });

  test('the error lists all problems, each with name, expected and received', () => {
    const problems = listProblems({
      PORT: 'http',
      STORE_URL: 'ftp://x',
      PRICES: '1,2',
      SUBMIT_UNKNOWN: 'maybe',
    });
    expect(problems.map((problem) => problem.name).sort()).toEqual([
      'PORT',
      'PRICES',
      'STORE_URL',
      'SUBMIT_UNKNOWN',
    ]);
    expect(problems.find((problem) => problem.name === 'PORT')).toEqual({
      name: 'PORT',
      expected: 'a whole number from 0 to 65535',
      received: '"http"',
    });
  });

  test('a required setting that is missing is an error with its name', () => {
    const required = { always: { QUEUE_URL: 'a Redis' }, production: ['STORE_URL'] } as const;
    const names = (env: Record<string, string>) => listProblems(env, required).map((problem) => problem.name);
    expect(names({ NODE_ENV: 'production' })).toEqual(['QUEUE_URL', 'STORE_URL']);
    expect(names({})).toEqual(['QUEUE_URL']);
  });

  test('an error shows no secret, also when the secret is invalid', () => {
    const [problem] = listProblems({ TOAPIS_API_KEY: '' }, { always: { TOAPIS_API_KEY: 'the key' } });
    expect(problem?.received).toBe('nothing');
    const scrub = createScrub(
      listSecrets({ QUEUE_URL: 'redis://u:sw0rdfish@h', TOAPIS_API_KEY: 'sk-abcdefgh' }),
    );
    expect(scrub('no sw0rdfish, no sk-abcdefgh')).toBe('no [redacted], no [redacted]');
  });

  test.each([
    'redis://user:sw@rd/fish#1@host',
    'redis://:100%sw0rdfish@host',
    'redis-sentinel://:sw0rdfish@a,b/images?db=1',
    'redis-sentinel://a/images?db=1&sentinelPassword=sw0rdfish',
    'redis-sentinel://a/images?sentinelPassword=sw0rd%2Ffish&db=1',
  ])('the passwords of %s are secrets, as written and decoded', (url) => {
    const scrub = createScrub(listSecrets({ QUEUE_URL: url }));
    const shown = scrub('sw@rd/fish#1 100%sw0rdfish sw0rdfish sw0rd%2Ffish sw0rd/fish');
    expect(shown).toContain('[redacted]');
    const password = /(?::|Password=)((?:100%)?sw[^@&?]*(?:@rd\/fish#1)?)/.exec(url)?.[1] ?? '';
    expect(shown.split(' ')).not.toContain(password);
    expect(shown.split(' ')).not.toContain(password.replace('%2F', '/'));
  });

  test('docs/settings.md is generated from the schema', async () => {
    const page = await readFile(new URL('../../../../docs/settings.md', import.meta.url), 'utf8');
    expect(page).toBe(settingsPage());
  });
});
