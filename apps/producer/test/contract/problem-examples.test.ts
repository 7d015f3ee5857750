import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { PROBLEMS, type ProblemCode, problemSchema } from '@darkroom/api';
import { type ApiKey, createApiKey, keyIdOf } from '@darkroom/shared/keys';
import { StoreError } from '@darkroom/shared/object-store';
import { keyOfId, type RedrivePlan, RedriveStore, redriveId } from '@darkroom/shared/redrives';
import type { Failure } from '@darkroom/shared/render';
import { cleanup, requires, service, startProxy } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createProblemExample } from '../../src/openapi/index.ts';
import { loseProof } from '../support/complete-queue.ts';
import {
  BATCH_EXAMPLE_ID,
  FILE_EXAMPLE_ID,
  putBatch,
  putBatchFile,
} from '../support/contract/batch-fixture.ts';
import { createCatalogueFile, putCatalogueRun } from '../support/contract/catalogue-fixture.ts';
import { putJob, putReceipt } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

requires('redis').describe('the examples of problems', () => {
  /** Without keys; with a key of each kind; with a queue and with a store that is away; with a broken store. */
  let open: Harness;
  let keyed: Harness;
  let queueAway: Harness;
  let storeAway: Harness;
  let broken: Harness;
  /** No restore has completed. */
  let incomplete: Harness;
  /** One wrong key per minute. */
  let limited: Harness;
  let keys: Record<'read' | 'slow', Record<string, string>>;
  const operator = createApiKey();

  const withStore = (error: Error) =>
    openHarness({
      wrap: (deps) => {
        const get = () => Promise.reject(error);
        return { ...deps, store: Object.assign(Object.create(deps.store), { get }) };
      },
    });

  beforeAll(async () => {
    const [read, slow] = [createApiKey(), createApiKey()];
    keys = {
      read: { authorization: `Bearer ${read.text}` },
      slow: { authorization: `Bearer ${slow.text}` },
    };
    const proxy = await startProxy(service('redis').url);
    const operatorKey: ApiKey = { tenant: '*', roles: ['operate'], sha256: operator.sha256 };
    [limited, open, keyed, queueAway, storeAway, broken, incomplete] = await Promise.all([
      openHarness({ settings: { API_KEYS: [operatorKey], WRONG_KEYS_PER_MINUTE: 1 } }),
      openHarness({ settings: { TOAPIS_WEBHOOK_SECRET: 'secret' } }),
      openHarness({
        settings: {
          API_KEYS: [
            operatorKey,
            { tenant: 'default', roles: ['read'], sha256: read.sha256 },
            { tenant: 'default', roles: ['read'], sha256: slow.sha256, perSecond: 1 },
          ],
        },
      }),
      openHarness({ queueUrl: proxy.url }),
      withStore(new StoreError('unavailable', 'gone')),
      withStore(new Error('a bug')),
      openHarness(),
    ]);
    await proxy.refuse();
  });

  const unknown = '/v1/renders/rnd_0123456789abcdef0123456789abcdef';

  const failure: Failure = { code: 'task_lost', message: 'gone', step: 'poll', at: 1, chain: [] };

  /** A request that each problem answers. */
  const provoke: Record<ProblemCode, () => Promise<Response>> = {
    empty_body: () => open.post(''),
    invalid_utf8: () => open.post(Buffer.from([0x22, 0xff, 0x22])),
    invalid_json: () => open.post('{"prompt": }'),
    too_deep: () => open.post(`${'['.repeat(200)}${']'.repeat(200)}`),
    bad_request: () => open.get(`/v1/renders/%`),
    idempotency_key_mismatch: () =>
      open.post({ prompt: 'a mug', idempotency_key: 'a' }, { 'idempotency-key': 'b' }),
    invalid_idempotency_key: () => open.post({ prompt: 'a mug' }, { 'idempotency-key': 'a'.repeat(300) }),
    unauthorized: () => keyed.get('/v1/renders'),
    webhook_refused: () => postTo(open, '/v1/webhooks/toapis', '{}', {}),
    forbidden: () => keyed.post({ prompt: 'a mug' }, keys.read),
    cross_site_request: () => open.post({ prompt: 'a mug' }, { 'sec-fetch-site': 'cross-site' }),
    render_not_found: () => open.get(unknown),
    image_not_found: async () => open.get(`/v1/renders/${(await putJob(open)).renderId}/image`),
    delivery_not_found: async () =>
      postTo(open, `/v1/renders/${(await putReceipt(open)).renderId}/deliveries/redeliver`),
    budget_not_found: () => open.get('/v1/budgets/none'),
    reconciliation_not_found: () => open.get('/v1/reconcile/rec_none'),
    no_balance_readings: () => postTo(open, '/v1/reconcile', {}),
    catalogue_not_found: () => open.get('/v1/catalogues/none/reviews'),
    report_not_found: () => open.get('/v1/catalogues/shoes/runs/night/report/other.js'),
    limit_not_found: () => open.get('/v1/limits/none'),
    worker_not_found: () => postTo(open, '/v1/workers/none/undrain'),
    queue_not_found: () => postTo(open, '/v1/queues/webhook-dead-letter/resume'),
    dead_letter_not_found: () => open.get('/v1/dead-letters/rnd_0123456789abcdef0123456789abcdef'),
    plan_not_found: () => open.get('/v1/redrive-plans/rdp_0123456789abcdef0123456789abcdef'),
    key_not_found: () => postTo(open, '/v1/keys/key_0123456789abcdef/revoke'),
    key_in_settings: () =>
      postTo(keyed, `/v1/keys/${keyIdOf(operator)}/revoke`, '', {
        authorization: `Bearer ${operator.text}`,
      }),
    too_many_wrong_keys: async () => {
      const wrong = { authorization: 'Bearer dk_wrong' };
      await limited.get('/v1/renders', wrong);
      return await limited.get('/v1/renders', wrong);
    },
    batch_not_found: () => open.get('/v1/batches/none'),
    batch_ended: async () => {
      await putBatch(open, BATCH_EXAMPLE_ID, { hasEnded: true });
      return await postTo(open, `/v1/batches/${BATCH_EXAMPLE_ID}/cancel`);
    },
    batch_conflict: async () => {
      await putBatchFile(open);
      const create = (window: string) =>
        postTo(
          open,
          '/v1/batches',
          {
            input_file_id: FILE_EXAMPLE_ID,
            endpoint: '/v1/images/generations',
            completion_window: window,
          },
          { ...JSON_TYPE, 'idempotency-key': 'autumn' },
        );
      await create('24h');
      return await create('2h');
    },
    file_not_found: () => open.get('/v1/files/none'),
    run_not_found: () => open.get('/v1/runs/none'),
    run_conflict: async () => {
      await postTo(open, '/v1/runs', { id: 'catalogue-2026-11-26' });
      return await postTo(open, '/v1/runs', { id: 'catalogue-2026-11-26', lane: 'batch' });
    },
    run_closed: async () => {
      const run = 'catalogue-2026-11-26';
      await postTo(open, '/v1/runs', { id: run });
      await postTo(open, `/v1/runs/${run}/seal`, {});
      return await open.post({ prompt: 'a mug', run });
    },
    redrive_not_found: () => open.get('/v1/redrives/rdv_0123456789abcdef0123456789abcdef'),
    pause_not_found: () => postTo(open, '/v1/pauses/acme-template/resume'),
    pause_exists: async () => {
      const pause = { name: 'acme-template', tenant: 'acme', reason: 'review' };
      await postTo(open, '/v1/pauses', pause);
      return await postTo(open, '/v1/pauses', pause);
    },
    plan_expired: async () => {
      const plan = await planRedrive(open);
      const redrives = new RedriveStore(open.store);
      const found = (await redrives.readPlan(keyOfId(plan))) as RedrivePlan;
      await redrives.writePlan({ ...found, expiresAt: 1 });
      return await postTo(open, '/v1/redrives', { plan });
    },
    plan_executed: async () => {
      const plan = await planRedrive(open);
      await postTo(open, '/v1/redrives', { plan });
      return await postTo(open, '/v1/redrives', { plan, rate: 1 });
    },
    redrive_ended: async () => {
      const plan = await planRedrive(open);
      await postTo(open, '/v1/redrives', { plan });
      await postTo(open, `/v1/redrives/${redriveId(keyOfId(plan))}/cancel`);
      return await postTo(open, `/v1/redrives/${redriveId(keyOfId(plan))}/pause`);
    },
    catalogue_run_not_found: () => open.get('/v1/catalogues/shoes/runs/2026-11-20'),
    catalogue_file_not_found: () => open.get(`/v1/catalogues/shoes/files/${'0'.repeat(64)}`),
    catalogue_schedule_not_found: () => open.get('/v1/catalogues/shoes/schedule'),
    catalogue_run_exists: async () => {
      const start = (prompt: string) =>
        postTo(open, '/v1/catalogues/shoes/runs', { file: createCatalogueFile(prompt), run: '2026-11-20' });
      await start('A photo');
      return await start('A drawing');
    },
    catalogue_retry_refused: async () => {
      await putCatalogueRun(open, { run: '2026-11-20-2', status: 'stopped' });
      return await postTo(open, '/v1/catalogues/shoes/runs/2026-11-20-2/retry');
    },
    catalogue_run_ended: async () => {
      await putCatalogueRun(open, { run: 'ended', status: 'completed' });
      return await postTo(open, '/v1/catalogues/shoes/runs/ended/cancel');
    },
    not_found: () => open.get('/v2'),
    method_not_allowed: () => postTo(open, unknown),
    idempotency_conflict: async () => {
      await open.post({ prompt: 'a mug', size: '1:1' }, { 'idempotency-key': 'taken' });
      return open.post({ prompt: 'a mug', size: '16:9' }, { 'idempotency-key': 'taken' });
    },
    render_ended: async () => postTo(open, `/v1/renders/${(await putReceipt(open)).renderId}/cancel`),
    no_open_purchase: async () =>
      postTo(open, `/v1/renders/${(await putReceipt(open)).renderId}/statement`, { purchase: 'not_bought' }),
    buy_again_refused: async () =>
      postTo(
        open,
        `/v1/renders/${(await putReceipt(open, { status: 'failed', failure })).renderId}/buy-again`,
        {
          dry_run: true,
        },
      ),
    max_spend_exceeded: async () =>
      postTo(open, `/v1/renders/${(await putReceipt(open)).renderId}/buy-again`, {
        accept_duplicate_charge: true,
        reason: 'bad',
        max_spend: '0.010',
      }),
    body_too_large: () => postTo(open, `${unknown}/cancel`, 'x'.repeat(20_000)),
    unsupported_media_type: () => open.post('prompt=x', { 'content-type': 'text/plain' }),
    invalid_request: () =>
      open.post({
        image_urls: [
          'https://a.example/1.png',
          'https://a.example/2.png',
          'https://a.example/3.png',
          'ftp://example.com/a.png',
        ],
      }),
    rate_limited: async () => {
      for (;;) {
        const response = await keyed.get('/v1/renders', keys.slow);
        if (response.status === 429) return response;
      }
    },
    headers_too_large: () => sendRaw(open, '/v1/renders', { 'x-large': 'x'.repeat(40_000) }),
    internal_error: () => broken.get(unknown),
    misdirected_request: () => sendRaw(open, '/v1/renders', { host: 'shop.example.com' }),
    too_many_connections: async () => {
      const crowded = await openHarness({ settings: { MAX_CONNECTIONS: 10 } });
      const sockets = Array.from({ length: 10 }, () =>
        connect(Number(new URL(crowded.url).port), '127.0.0.1'),
      );
      cleanup(async () => sockets.forEach((socket) => void socket.destroy()));
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      return await crowded.get('/v1/renders');
    },
    queue_unavailable: () => queueAway.post({ prompt: 'a mug', idempotency_key: 'k' }),
    store_unavailable: () => storeAway.get(unknown),
    restoring: async () => {
      await incomplete.post({ prompt: 'a mug' });
      await loseProof(incomplete);
      return incomplete.get(unknown);
    },
  };

  test.each(Object.keys(PROBLEMS) as ProblemCode[])('the example of %s is the real answer', async (code) => {
    const response = await provoke[code]();
    const answer = await response.text();
    expect(problemSchema.parse(JSON.parse(answer)).code).toBe(code);
    expect(hideValues(JSON.stringify(createProblemExample(code)))).toEqual(hideValues(answer));
  });
});

/** Everything but the values that differ from call to call. */
const hideValues = (text: string): unknown =>
  JSON.parse(
    text
      .replace(/"http[^"]*\/problems\//g, '"http://…/problems/')
      .replace(/(rnd|rdv)_[0-9a-f]{32}/g, '$1_…')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…')
      .replace(/"(request_id|received)":"(?:[^"\\]|\\.)*"/g, '"$1":"…"')
      .replace(/may send \d+/, 'may send …')
      .replace(/serves \d+/, 'serves …'),
  );

/** @returns the id of an empty plan. */
async function planRedrive(harness: Harness): Promise<string> {
  const response = await postTo(harness, '/v1/redrives', { filter: {}, dry_run: true });
  return ((await response.json()) as { id: string }).id;
}

const postTo = (
  harness: Harness,
  path: string,
  body: unknown = '',
  headers: Record<string, string> = JSON_TYPE,
) =>
  fetch(`${harness.url}${path}`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** `fetch` refuses some requests that a server must answer. */
function sendRaw(harness: Harness, path: string, headers: Record<string, string>): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(`${harness.url}${path}`, { headers }, (message) => {
      text(message).then((body) => resolve(new Response(body, { status: message.statusCode ?? 0 })), reject);
    });
    call.on('error', reject);
    call.end();
  });
}
