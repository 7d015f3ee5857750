import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  cleanup,
  createRuledBucket,
  freePort,
  requires,
  service,
  tempDir,
  uniqueS3Url,
} from '@darkroom/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { runDoctor } from '../support/check-list.ts';
import { startForgetfulProxy } from '../support/forgetful-proxy.ts';

/** The settings of a store in the S3 of the run. AWS's credential chain reads the environment of the process. */
function s3Settings(storeUrl: string, { endpoint, secret }: { endpoint?: string; secret?: string } = {}) {
  const s3 = service('s3');
  vi.stubEnv('AWS_ACCESS_KEY_ID', s3.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', secret ?? s3.secretAccessKey);
  return { STORE_URL: storeUrl, S3_ENDPOINT: endpoint ?? s3.endpoint, AWS_REGION: s3.region };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

test('doctor finds nothing wrong in a folder, and leaves nothing there', async () => {
  const dataDir = await tempDir();
  const { lines } = await runDoctor({ DATA_DIR: dataDir, STORE_URL: `file://${dataDir}/store` });
  for (const name of ['store', 'store clock', 'put-if-absent', 'lifecycle'])
    expect(lines(name)).toEqual([expect.stringMatching(/^ok /)]);
});

requires('s3').describe('doctor at an S3 store', () => {
  test('doctor finds a lifecycle rule that deletes the ledger', async () => {
    const bucket = await createRuledBucket([
      { ID: 'old-money', Status: 'Enabled', Expiration: { Days: 400 }, Filter: { Prefix: 'prod/ledger/' } },
    ]);
    const { lines, code } = await runDoctor(s3Settings(`s3://${bucket}/prod`));
    expect(lines('store')).toEqual([expect.stringMatching(/^ok .*put, get and delete work/)]);
    expect(lines('lifecycle')).toEqual([
      'fail The rule "old-money" deletes prod/ledger/ after 400 days. ledger/: a render can be bought a second time',
    ]);
    expect(code).toBe(1);
  });

  test('doctor finds a store that ignores If-None-Match', async () => {
    const proxy = await startForgetfulProxy(service('s3').endpoint);
    const { lines, code } = await runDoctor(s3Settings(uniqueS3Url(), { endpoint: proxy.url }));
    expect(lines('store')).toEqual([expect.stringMatching(/^ok /)]);
    expect(lines('put-if-absent')).toEqual([
      expect.stringMatching(/^fail .*does not honour put-if-absent .*could be bought twice/),
    ]);
    expect(code).toBe(1);
  });

  test('doctor finds that the store denies access, and says it once', async () => {
    const { lines, checks } = await runDoctor(s3Settings(uniqueS3Url(), { secret: 'wrong' }));
    expect(lines('store')).toEqual([expect.stringMatching(/^fail .*403/)]);
    expect(checks.map(({ name }) => name)).not.toContain('put-if-absent');
  });
});

test('doctor checks receivers of webhooks without sending one', async () => {
  const methods: string[] = [];
  const receiver = createServer((request, response) => {
    methods.push(request.method ?? '');
    response.writeHead(request.url === '/broken' ? 500 : 405).end();
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  cleanup(() => new Promise<void>((done) => receiver.close(() => done())));
  const host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const env = {
    WEBHOOK_URLS: `http://${host}/secret-path`,
    ALLOW_PRIVATE_HOSTS: 'true',
    DATA_DIR: await tempDir(),
  };
  const answering = await runDoctor(env, { args: ['--webhook', `http://${host}/broken`] });
  expect(answering.lines('webhook')).toEqual([
    `ok ${host} answers (HTTP 405 to HEAD; no webhook was sent)`,
    `warn ${host} answers with HTTP 500`,
    'fail The default receiver has a URL but no secret in WEBHOOK_SECRETS',
  ]);
  expect(JSON.stringify(answering.checks)).not.toContain('secret-path');
  expect(new Set(methods)).toEqual(new Set(['HEAD']));
  const refusing = await runDoctor({ ...env, ALLOW_PRIVATE_HOSTS: 'false' });
  expect(refusing.lines('webhook')[0]).toMatch(/^fail .*has a private address/);
  const closed = await freePort();
  const away = await runDoctor(
    { DATA_DIR: env.DATA_DIR, ALLOW_PRIVATE_HOSTS: 'true' },
    { args: ['--webhook', `http://127.0.0.1:${closed}/`] },
  );
  expect(away.lines('webhook')).toEqual([expect.stringMatching(/^fail .* does not answer: .*ECONNREFUSED/)]);
});
