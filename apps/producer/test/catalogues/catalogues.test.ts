import { createHash } from 'node:crypto';
import {
  type CatalogueListResponse,
  type CatalogueRunResponse,
  catalogueFailuresSchema,
  catalogueRunListSchema,
  catalogueRunSchema,
} from '@darkroom/api';
import { CatalogueRunStore, uploadedFileKey } from '@darkroom/catalogue';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import {
  createCatalogueFile,
  putCatalogueRun,
  putDeliveredRun,
} from '../support/contract/catalogue-fixture.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { createKeyring } from '../support/keyring.ts';

const LOCAL_FILE =
  'name: shoes\ntenant: shop\nsource: { path: products.csv }\nkey: sku\nprompt: A {{ sku }}\n';
const NOW = Date.UTC(2026, 10, 27, 23, 30);

requires('redis').describe('runs of catalogues', () => {
  const keys = createKeyring();
  const shop = keys.give('shop', ['enqueue', 'read']);
  const press = keys.give('press', ['enqueue', 'read']);
  const operator = keys.give('*', ['read', 'operate']);
  let harness: Harness;

  const path = '/v1/catalogues/shoes';
  const start = (body: object, key = shop) =>
    fetch(`${harness.url}${path}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...key },
      body: JSON.stringify(body),
    });
  const read = async (response: Response): Promise<CatalogueRunResponse> => {
    expect(response.status).toBe(202);
    return catalogueRunSchema.parse(await response.json());
  };
  const upload = (content: string, digest = createHash('sha256').update(content).digest('hex')) =>
    fetch(`${harness.url}${path}/files/${digest}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', ...shop },
      body: content,
    });
  const file = `tenant: shop\n${createCatalogueFile()}`;

  beforeAll(async () => {
    harness = await openHarness({
      settings: keys.settings(),
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => NOW } }),
    });
  });

  test('a run that is started several times at once is one run, and one job', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => start({ file }).then(read)));
    expect(new Set(responses.map(({ run }) => run))).toEqual(new Set(['2026-11-27']));
    expect(await harness.queues.catalogue.count()).toBe(1);
    expect(responses[0]).toMatchObject({
      status: 'waiting',
      catalogue: 'shoes',
      tenant: 'shop',
      items: null,
    });
    const problem = await readProblem(await start({ file: `${file}# changed\n` }));
    expect(problem.code).toBe('catalogue_run_exists');
  });

  test('a file that names no tenant belongs to the tenant of the key, and one that names another is refused', async () => {
    const own = `${createCatalogueFile()}schedule: { cron: 0 1 * * *, time_zone: UTC }\n`;
    const schedule = (text: string, key = press) =>
      fetch(`${harness.url}${path}/schedule`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...key },
        body: JSON.stringify({ file: text }),
      });
    const { run, tenant } = await read(await start({ file: own }, press));
    expect(tenant).toBe('press');
    expect(await read(await start({ file: own }, press))).toMatchObject({ run, tenant });
    const scheduled = await schedule(own);
    expect([scheduled.status, await scheduled.json()]).toMatchObject([200, { tenant: 'press' }]);
    const records = [
      `catalogues/press/shoes/runs/${run}/request.json`,
      'catalogues/press/shoes/schedule.json',
    ];
    for (const key of records) expect([key, await harness.store.head(key)]).not.toContain(undefined);
    expect(await harness.store.listFolders({ prefix: 'catalogues/' })).not.toContain('default');

    for (const response of [
      await start({ file: `tenant: default\n${own}` }, press),
      await schedule(`tenant: shop\n${own}`),
    ]) {
      const { code, problems } = await readProblem(response);
      expect([code, problems?.map(({ field }) => field)]).toEqual(['invalid_request', ['file, tenant']]);
    }
    // A key of all tenants cannot enqueue.
    expect((await start({ file: own }, operator)).status).toBe(403);
  });

  test('the date of a run is that of the time zone of the schedule', async () => {
    const schedule = 'schedule: { cron: 0 1 * * *, time_zone: Europe/Berlin }\n';
    expect(await read(await start({ file: `${file}${schedule}` }))).toMatchObject({ run: '2026-11-28' });
  });

  test('after a run that stopped, the next one of the day has a number', async () => {
    const other = await openHarness({
      wrap: (deps) => ({ ...deps, clock: { ...deps.clock, now: () => NOW } }),
    });
    await putCatalogueRun(other, { run: '2026-11-27', status: 'stopped' });
    const response = await fetch(`${other.url}${path}/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ file: createCatalogueFile(), accept: ['many_changes'] }),
    });
    expect(await read(response)).toMatchObject({ run: '2026-11-27-2', accepted: ['many_changes'] });
    const { data } = catalogueRunListSchema.parse(await (await other.get(`${path}/runs`)).json());
    expect(data.map(({ run, status }) => [run, status])).toEqual([
      ['2026-11-27-2', 'waiting'],
      ['2026-11-27', 'stopped'],
    ]);
  });

  test('accepted guards are in the audit log', async () => {
    await read(await start({ file, run: 'guarded', accept: ['many_changes', 'short_source'] }));
    const response = await harness.get('/v1/audit?target=catalogue:shoes.guarded', operator);
    const { data } = (await response.json()) as { data: { action: string; after: object }[] };
    expect(data).toMatchObject([
      { action: 'catalogue.run', after: { accepted: 'many_changes, short_source' } },
    ]);
  });

  test('an uploaded file is stored under its digest, and a body with another digest is not stored', async () => {
    expect((await upload('sku\nA-1\n')).status).toBe(200);
    const digest = createHash('sha256').update('sku\nA-1\n').digest('hex');
    expect(await harness.store.get(uploadedFileKey('shop', 'shoes', digest))).toEqual(
      new Uint8Array(Buffer.from('sku\nA-1\n')),
    );
    expect((await harness.get(`${path}/files/${digest}`, shop)).status).toBe(200);
    expect((await harness.get(`${path}/files/${digest}`, press)).status).toBe(404);
    const wrong = 'a'.repeat(64);
    expect((await readProblem(await upload('sku\nA-2\n', wrong))).code).toBe('invalid_request');
    expect(await harness.store.head(uploadedFileKey('shop', 'shoes', wrong))).toBeUndefined();
  });

  test('a source that is a path needs its upload', async () => {
    const missing = await readProblem(await start({ file: LOCAL_FILE, run: 'local' }));
    expect(missing.problems).toMatchObject([{ field: 'files' }]);
    const unknown = await readProblem(await start({ file: LOCAL_FILE, run: 'local', files: 'b'.repeat(64) }));
    expect(unknown.code).toBe('catalogue_file_not_found');
  });

  test('a bucket is read with the rights of a worker, so it needs the role operate', async () => {
    const bucket = file.replace('https://shop.example.com/products.csv', 's3://shop/products.csv');
    const { problems } = await readProblem(await start({ file: bucket, run: 'bucket' }));
    expect(problems).toMatchObject([{ field: 'file, source.path', received: 's3://' }]);
  });

  test('problems of the file name their lines', async () => {
    const { problems } = await readProblem(await start({ file: `${file}shade: red\n` }));
    expect(problems).toMatchObject([{ field: expect.stringMatching(/^file, line 6/) }]);
  });

  test('a retry is requested once, after its price was shown, and only of the last run that has delivered', async () => {
    const base = await putDeliveredRun(
      harness,
      [
        { status: 'failed', code: 'content_policy_violation' },
        { status: 'failed', code: 'task_lost' },
        { status: 'not_bought', code: 'budget' },
        { status: 'not_bought', code: 'budget' },
      ],
      { tenant: 'shop' },
    );
    const failures = await harness.get(`${path}/runs/${base}/failures`, shop);
    expect(catalogueFailuresSchema.parse(await failures.json()).data).toMatchObject([
      { code: 'budget', items: 2, price: '0.050', fails_again: false, may_be_paid: false },
      { code: 'content_policy_violation', items: 1, fails_again: true },
      { code: 'task_lost', items: 1, may_be_paid: true },
    ]);
    const retry = (run: string, body: object, key = shop) =>
      fetch(`${harness.url}${path}/runs/${run}/retry`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...key },
        body: JSON.stringify(body),
      });
    const body = { codes: ['budget'], not_bought: true, price: '0.050' };
    const runs = await Promise.all(Array.from({ length: 8 }, () => retry(base, body).then(read)));
    expect(new Set(runs.map(({ run, retry_of }) => `${run} ${retry_of}`))).toEqual(
      new Set(['delivered-r1 delivered']),
    );
    expect((await retry(base, body, press)).status).toBe(404);
    const open = await readProblem(await retry('delivered-r1', {}));
    expect(open).toMatchObject({
      code: 'catalogue_retry_refused',
      detail: expect.stringMatching(/not ended/),
    });
    const requested_at = new Date(NOW + 1).toISOString();
    const manifest = { key: 'x', sha256: '0'.repeat(64), bytes: 1, items: 4 };
    await new CatalogueRunStore(harness.store).writeLatest('shop', {
      version: 1,
      catalogue: 'shoes',
      run: 'later',
      manifest,
      source: { sha256: '0'.repeat(64), bytes: 1, rows: 4 },
      requested_at,
      finished_at: requested_at,
    });
    expect(await readProblem(await retry(base, {}))).toMatchObject({
      code: 'catalogue_retry_refused',
      detail: 'The run later has delivered since.',
    });
    await harness.store.delete('catalogues/shop/shoes/latest.json');
  });

  test('a run is found by its tenant and by operators, and a cancel is written down for its worker', async () => {
    await read(await start({ file, run: 'canceled' }));
    expect((await harness.get(`${path}/runs/canceled`, press)).status).toBe(404);
    expect((await harness.get(`${path}/runs/canceled?tenant=shop`, operator)).status).toBe(200);
    const response = await fetch(`${harness.url}${path}/runs/canceled/cancel?tenant=shop`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...operator },
      body: JSON.stringify({ reason: 'wrong prices' }),
    });
    expect(await read(response)).toMatchObject({ stops_buying: 'canceled', reason: 'wrong prices' });
    const id = { tenant: 'shop', catalogue: 'shoes', run: 'canceled' };
    expect(await new CatalogueRunStore(harness.store).readControl(id)).toMatchObject({
      wanted: 'cancel',
      reason: 'wrong prices',
    });
    const list = (await (await harness.get('/v1/catalogues', shop)).json()) as CatalogueListResponse;
    expect(list.data).toMatchObject([{ name: 'shoes', latest: null }]);
    expect(list.data[0]?.open_runs).toContain('canceled');
  });
});
