import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FAILURE_CODES, FAILURES, PROBLEMS } from '@darkroom/api';
import { requires, tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { idempotencyHeader } from '../../src/intake/index.ts';
import { createContract } from '../support/contract/check.ts';
import { putJob, putReceipt, REQUEST } from '../support/contract/contract-fixture.ts';
import { readDocument } from '../support/contract/document.ts';
import { blocksOf, faultOfShape, page } from '../support/contract/markdown.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const BASE = 'http://127.0.0.1:3000';
const missing = spawnSync('curl', ['--version']).error !== undefined && !process.env['CI'];

/** Prints each call and its response to stderr. */
const CURLRC = `write-out = "%{stderr}\\n@@ %{http_code} %{content_type} @@ %{method} %{url_effective}\\n"\n`;

/** Runs a block in an empty folder, as a reader would, and checks each response. */
async function run(harness: Harness, text: string) {
  const cwd = await tempDir();
  await writeFile(join(cwd, '.curlrc'), CURLRC);
  const { stdout, stderr } = await promisify(execFile)('sh', ['-ec', text], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', CURL_HOME: cwd, DARKROOM_KEY: 'dk_none' },
    timeout: 60_000,
  });
  const calls = [...stderr.matchAll(/^@@ (\d+) (.*) @@ (\w+) (\S+)$/gm)].map(
    ([, status = '', type = '', method = '', url = '']) => ({
      status: Number(status),
      type,
      method,
      url: new URL(url),
    }),
  );
  const files = (await readdir(cwd)).filter((name) => name !== '.curlrc');
  const saved = await Promise.all(files.map((name) => readFile(join(cwd, name))));
  expect(calls.every(({ url }) => harness.url.includes(url.host))).toBe(true);
  return { stdout, calls, saved };
}

/** Idempotency keys in a document, in curl, JSON or TypeScript. */
const keysIn = (text: string) =>
  [...text.matchAll(/(?:idempotency-key: |"idempotency_key":\s*"|idempotencyKey: ')([^'"]+)/g)].map(
    ([, key = '']) => key,
  );

test('the documents use each idempotency key for one request only', async () => {
  const files = ['README.md', 'docs/api.md', 'docs/drop-in.md', 'packages/client/README.md'];
  const typed = await Promise.all(files.map(async (file) => keysIn(await page(file))));
  const home = keysIn(await page('apps/producer/src/pages/home.ts'));
  const { example } = idempotencyHeader.shape['Idempotency-Key'].meta() ?? {};
  const all = [...typed.flat(), ...home, String(example)];
  expect(all.length).toBeGreaterThan(5);
  expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
});

requires('redis').describe('the commands in the documents', () => {
  test.skipIf(missing).each(['README.md', 'docs/api.md'])(
    `%s works unchanged and gets the documented response${missing ? ' (skipped: curl is missing, apt-get install curl)' : ''}`,
    async (file) => {
      const harness = await openHarness();
      const ended = await putReceipt(harness, { request: { ...REQUEST, metadata: { sku: '1042' } } });
      const living = await putJob(harness);
      const document = await readDocument(harness.url);
      const contract = createContract(document);
      const blocks = blocksOf(await page(file)).filter(
        ({ kind, text }) => kind === 'sh' && text.includes(`${BASE}/`),
      );
      expect(blocks.length).toBeGreaterThan(1);
      const faults: string[] = [];
      for (const { text, answer } of blocks) {
        // The documents know two renders: one that is completed, and one that lives.
        const real = text
          .replaceAll(BASE, harness.url)
          .replace(/rnd_9b2e…/g, living.renderId)
          .replace(/rnd_[0-9a-f]*…/g, ended.renderId);
        const { stdout, calls, saved } = await run(harness, real);
        expect(calls.length, text).toBeGreaterThan(0);
        const call = calls.at(-1);
        const at = contract.operations.find(
          ({ path, method }) =>
            method === call?.method &&
            new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(call?.url.pathname ?? ''),
        );
        if (!at || !call) {
          faults.push(`${text}: is no operation of the API`);
          continue;
        }
        const body = saved[0] ?? Buffer.from(stdout);
        const fault = contract.findFault(at, {
          status: call.status,
          headers: { 'content-type': call.type },
          body,
        });
        if (fault) faults.push(`${text}: ${fault}`);
        // An example of a mistake shows what it is answered with.
        if (call.status >= 400 && !answer?.includes(`"status": ${call.status}`))
          faults.push(`${text}: ${stdout}`);
        if (answer) faults.push(...faultOfShape(answer, stdout).map((one) => `${text}: ${one}`));
      }
      expect(faults).toEqual([]);
    },
  );

  test('docs/api.md lists every problem code with its status', async () => {
    const rows = [...(await page('docs/api.md')).matchAll(/^\| (\d{3}) \| ((?:`\w+` ?)+) \|$/gm)];
    const listed = rows.flatMap(([, status, codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${status} ${code}`),
    );
    expect(listed.sort()).toEqual(
      Object.entries(PROBLEMS)
        .map(([code, [status]]) => `${status} ${code}`)
        .sort(),
    );
  });

  test('docs/api.md and docs/operations.md list every failure code', async () => {
    const api = [...(await page('docs/api.md')).matchAll(/^\| `(\w+)` \| [^|]+ \| (yes|no)\b/gm)];
    expect(api.map(([, code, retryable]) => `${code}: ${retryable}`)).toEqual(
      FAILURE_CODES.map((code) => `${code}: ${FAILURES[code].retryable ? 'yes' : 'no'}`),
    );
    const operations = await page('docs/operations.md');
    for (const code of FAILURE_CODES)
      expect(operations).toMatch(new RegExp(`^\\| .*\`${code}\`.* \\|$`, 'm'));
  });
});
