import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROBLEMS } from '@darkroom/api';
import { requires, tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { idempotencyHeader } from '../../src/intake/index.ts';
import { contractOf } from '../support/contract/check.ts';
import { putJob, putReceipt, REQUEST } from '../support/contract/contract-fixture.ts';
import { readDocument } from '../support/contract/document.ts';
import { blocksOf, faultOfShape, page } from '../support/contract/markdown.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const BASE = 'http://127.0.0.1:3000';
const missing = spawnSync('curl', ['--version']).error !== undefined && !process.env['CI'];

/** Tells on stderr what each call was and what came of it. */
const CURLRC = `write-out = "%{stderr}\\n@@ %{http_code} %{content_type} @@ %{method} %{url_effective}\\n"\n`;

/** Runs a block as its reader would, in an empty folder, and looks at each answer. */
async function run(rig: Harness, text: string) {
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
  expect(calls.every(({ url }) => rig.url.includes(url.host))).toBe(true);
  return { stdout, calls, saved };
}

/** Idempotency keys that a document tells people to type, in curl, JSON or TypeScript. */
const keysIn = (text: string) =>
  [...text.matchAll(/(?:idempotency-key: |"idempotency_key":\s*"|idempotencyKey: ')([^'"]+)/g)].map(
    ([, key = '']) => key,
  );

test('whoever follows one document after the other never meets the idempotency key of another request', async () => {
  const files = ['README.md', 'docs/api.md', 'docs/drop-in.md', 'packages/client/README.md'];
  const typed = await Promise.all(files.map(async (file) => keysIn(await page(file))));
  const home = keysIn(await page('apps/producer/src/pages/home.ts'));
  const { example } = idempotencyHeader.shape['Idempotency-Key'].meta() ?? {};
  const all = [...typed.flat(), ...home, String(example)];
  expect(all.length).toBeGreaterThan(5);
  expect(all.filter((key, at) => all.indexOf(key) !== at)).toEqual([]);
});

requires('redis').describe('what the documents tell people to type', () => {
  test.skipIf(missing).each(['README.md', 'docs/api.md'])(
    `%s works as it stands, and answers as it says${missing ? ' (skipped: curl is missing, apt-get install curl)' : ''}`,
    async (file) => {
      const rig = await openHarness();
      const ended = await putReceipt(rig, { request: { ...REQUEST, metadata: { sku: '1042' } } });
      const living = await putJob(rig);
      const document = await readDocument(rig.url);
      const contract = contractOf(document);
      const blocks = blocksOf(await page(file)).filter(
        ({ kind, text }) => kind === 'sh' && text.includes(`${BASE}/`),
      );
      expect(blocks.length).toBeGreaterThan(1);
      const faults: string[] = [];
      for (const { text, answer } of blocks) {
        // The documents know two renders: one that is completed, and one that lives.
        const real = text
          .replaceAll(BASE, rig.url)
          .replace(/rnd_9b2e…/g, living.renderId)
          .replace(/rnd_[0-9a-f]*…/g, ended.renderId);
        const { stdout, calls, saved } = await run(rig, real);
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
        const fault = contract.faultOf(at, {
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

  test('docs/api.md lists every code of a refusal with its status', async () => {
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
});
