import { acceptedSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import {
  checkpointSchema,
  DATA_VERSION,
  type Receipt,
  renderIdFor,
  sha256,
  sumCost,
} from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';

import { createImageUri, type Harness, openHarness, readProblem } from '../support/harness.ts';

const ask = { prompt: 'a lighthouse at dusk', size: '16:9', metadata: { sku: 'A-1', shelf: 7 } };

const WEBHOOK_SECRETS = [
  { value: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
  { tenant: 'other', value: `whsec_${Buffer.alloc(32, 8).toString('base64')}` },
];

async function accepted(response: Response) {
  expect(response.status).toBe(202);
  return acceptedSchema.parse(await response.json());
}

async function checkpointOf(harness: Harness, id: string) {
  return checkpointSchema.parse((await harness.queues.render.getJob(id))?.data);
}

requires('redis').describe('POST /v1/renders', () => {
  test('a render is in the queue before the API answers 202', async () => {
    const harness = await openHarness();
    const response = await harness.post(ask);
    const { id, ...answer } = await accepted(response);
    expect(answer).toMatchObject({ object: 'render', status: 'queued', progress: 0, duplicate: false });
    expect(answer.links).toEqual({
      self: `${harness.url}/v1/renders/${id}`,
      page: `${harness.url}/renders/${id}`,
      dashboard: `${harness.url}/queues/queue/render/${id}`,
    });
    expect(response.headers.get('location')).toBe(answer.links.self);
    expect(await checkpointOf(harness, id)).toMatchObject({
      tenant: 'default',
      request: { prompt: ask.prompt, size: '16:9', resolution: '1K', priority: 'interactive', images: [] },
      attempt: 1,
      purchases: [],
      at: { step: 'submit' },
    });
  });

  test('a request that is sent twice under a key makes one render', async () => {
    const harness = await openHarness();
    const first = await accepted(await harness.post(ask, { 'idempotency-key': 'order-7' }));
    const again = await accepted(await harness.post(ask, { 'idempotency-key': 'order-7' }));
    expect(first).toMatchObject({ id: renderIdFor('default', 'order-7'), duplicate: false });
    const { durability, ...facts } = first;
    expect(durability).toBe('journal');
    expect(again).toEqual({ ...facts, duplicate: true });
    expect(await harness.jobCount()).toBe(1);
  });

  test('the API accepts the key in the header, quoted or not, and in the body', async () => {
    const harness = await openHarness();
    const ids = [
      await accepted(await harness.post(ask, { 'idempotency-key': 'k1' })),
      await accepted(await harness.post(ask, { 'idempotency-key': '"k1"' })),
      await accepted(await harness.post({ ...ask, idempotency_key: 'k1' })),
      await accepted(await harness.post({ ...ask, idempotency_key: 'k1' }, { 'idempotency-key': 'k1' })),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(1);
  });

  test.each(['', 'a b', 'k'.repeat(256), 'a, b', '50%off', 'a%00b', '%C3', '"a\\b"', '"a"b"'])(
    'the API rejects the key "%s" and names the header',
    async (key) => {
      const harness = await openHarness();
      const problem = await readProblem(await harness.post(ask, { 'idempotency-key': key }));
      expect(problem).toMatchObject({ status: 400, code: 'invalid_idempotency_key' });
      expect(problem.problems[0]?.field).toBe('Idempotency-Key');
    },
  );

  test('the API rejects two keys for one render', async () => {
    const harness = await openHarness();
    const response = await harness.post({ ...ask, idempotency_key: 'k1' }, { 'idempotency-key': 'k2' });
    expect(await readProblem(response)).toMatchObject({ status: 400, code: 'idempotency_key_mismatch' });
    expect(await harness.jobCount()).toBe(0);
  });

  test('two requests with the same content are the same request, however they are written', async () => {
    const harness = await openHarness();
    const key = { 'idempotency-key': 'k' };
    const uri = await createImageUri('png');
    await harness.post({ ...ask, image_urls: [uri] }, key);
    const other = {
      image_urls: [{ url: uri }],
      metadata: { shelf: 7, sku: 'A-1' },
      n: 1,
      resolution: '1K',
      size: '16:9',
      prompt: ask.prompt,
    };
    expect(await accepted(await harness.post(other, key))).toMatchObject({ duplicate: true });
  });

  test.each([
    ['prompt', { prompt: 'another' }],
    ['size', { size: '1:1' }],
    ['resolution', { resolution: '4K' }],
    ['priority', { priority: 'batch' }],
    ['metadata', { metadata: {} }],
    ['model', { model: 'nano-banana-pro' }],
    ['image_urls', { image_urls: ['https://example.com/a.png'] }],
    ['run', { run: 'autumn' }],
    ['webhook_url', { webhook_url: 'https://shop.example.com/hook' }],
  ])('the API answers 409 to a key that is used again with another %s', async (field, change) => {
    const harness = await openHarness({ settings: { WEBHOOK_SECRETS } });
    const { id } = await accepted(await harness.post(ask, { 'idempotency-key': 'k' }));
    const problem = await readProblem(await harness.post({ ...ask, ...change }, { 'idempotency-key': 'k' }));
    expect(problem).toMatchObject({ status: 409, code: 'idempotency_conflict', render_id: id });
    expect(problem.problems).toEqual([
      { field: 'idempotency_key', expected: expect.any(String), received: `another ${field}` },
    ]);
    expect((await checkpointOf(harness, id)).request.prompt).toBe(ask.prompt);
  });

  test('exactly one of twenty simultaneous requests under one key makes the render', async () => {
    const harness = await openHarness();
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => harness.post(ask, { 'idempotency-key': 'race' })),
    );
    const answers = await Promise.all(responses.map(accepted));
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await harness.jobCount()).toBe(1);
  });

  test('one of twenty different simultaneous requests under one key wins, and the others get a conflict', async () => {
    const harness = await openHarness();
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        harness.post({ prompt: `lighthouse ${at}` }, { 'idempotency-key': 'race' }),
      ),
    );
    const statuses = responses.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([202, ...Array(19).fill(409)]);
    expect(await harness.jobCount()).toBe(1);
  });

  describe('a render that has left the queue', () => {
    const receipt = (harness: Harness, id: string, fingerprint: string, request: Receipt['request']) =>
      harness.ledger.writeReceipt({
        version: DATA_VERSION,
        renderId: id,
        tenant: 'default',
        status: 'completed',
        request,
        fingerprint,
        createdAt: 1_700_000_000_000,
        finishedAt: 1_700_000_060_000,
        attempts: 1,
        purchases: [],
        cost: sumCost([]),
      });

    test('the receipt of a render that has left the queue keeps its key in use', async () => {
      const harness = await openHarness();
      const { id } = await accepted(await harness.post(ask, { 'idempotency-key': 'old' }));
      const { fingerprint, request } = await checkpointOf(harness, id);
      await receipt(harness, id, fingerprint, request);
      await harness.queues.render.remove(id);

      const again = await accepted(await harness.post(ask, { 'idempotency-key': 'old' }));
      expect(again).toMatchObject({ id, duplicate: true, status: 'completed', progress: 100 });
      expect(again.created_at).toBe('2023-11-14T22:13:20.000Z');
      const conflict = await harness.post({ prompt: 'another' }, { 'idempotency-key': 'old' });
      expect(await readProblem(conflict)).toMatchObject({ status: 409, render_id: id });
      expect(await harness.jobCount()).toBe(0);
    });
  });

  test('bytes and secrets stay out of the queue: images are stored under their digest', async () => {
    const harness = await openHarness();
    const [image, mask] = [await createImageUri('jpeg', 16, 16), await createImageUri('png', 16, 16)];
    const signed = 'https://bucket.example.com/a.png?X-Signature=topsecret';
    const withPassword = 'https://user:hunter22@example.com/a.png';
    const long = `https://example.com/${'a'.repeat(100)}.png`;
    const plain = 'https://example.com/a.png';
    const { id } = await accepted(
      await harness.post({ ...ask, image_urls: [image, signed, withPassword, long, plain], mask_url: mask }),
    );
    const job = await harness.queues.render.getJob(id);
    const text = JSON.stringify(job?.data);
    for (const secret of ['base64', 'topsecret', 'hunter22']) {
      expect(text).not.toContain(secret);
      expect(harness.logs()).not.toContain(secret);
    }

    const { images, mask: kept } = checkpointSchema.parse(job?.data).request;
    expect(images.map(({ kind }) => kind)).toEqual([
      'stored',
      'stored-url',
      'stored-url',
      'stored-url',
      'url',
    ]);
    expect(images[4]).toEqual({ kind: 'url', url: plain });
    expect(kept).toMatchObject({ kind: 'stored', contentType: 'image/png' });
    const bytes = Buffer.from(image.slice(image.indexOf(',') + 1), 'base64');
    expect(images[0]).toEqual({
      kind: 'stored',
      key: `inputs/${sha256(bytes)}`,
      contentType: 'image/jpeg',
      bytes: bytes.length,
    });
    expect(Buffer.from((await harness.store.get(`inputs/${sha256(bytes)}`)) ?? [])).toEqual(bytes);
    expect(Buffer.from((await harness.store.get(`inputs/${sha256(signed)}`)) ?? []).toString()).toBe(signed);
  });

  describe('a request with a run and a webhook', () => {
    test('run and webhook are kept, and a webhook URL that may contain a secret stays out of the queue', async () => {
      const harness = await openHarness({ settings: { WEBHOOK_SECRETS } });
      const plain = 'https://shop.example.com/hooks/darkroom';
      const secret = 'https://shop.example.com/hooks?token=topsecret';
      const first = await accepted(await harness.post({ ...ask, run: 'autumn-2026', webhook_url: plain }));
      expect((await checkpointOf(harness, first.id)).request).toMatchObject({
        run: 'autumn-2026',
        webhook: { kind: 'url', url: plain },
      });
      const bulk = await harness.bulk([{ ...ask, webhook_url: secret }]);
      const { items } = (await bulk.json()) as { items: { render: { id: string } }[] };
      const { request } = await checkpointOf(harness, items[0]?.render.id ?? '');
      expect(request.webhook).toEqual({
        kind: 'stored-url',
        key: `inputs/${sha256(secret)}`,
        host: 'shop.example.com',
      });
      expect(Buffer.from((await harness.store.get(`inputs/${sha256(secret)}`)) ?? []).toString()).toBe(
        secret,
      );
      expect(harness.logs()).not.toContain('topsecret');
    });

    test('the API rejects a webhook whose tenant has no secret to sign with', async () => {
      const webhook_url = 'https://shop.example.com/hook';
      const [, others] = WEBHOOK_SECRETS;
      const harness = await openHarness({ settings: { WEBHOOK_SECRETS: others ? [others] : [] } });
      expect((await readProblem(await harness.post({ ...ask, webhook_url }))).problems).toEqual([
        {
          field: 'webhook_url',
          expected: 'no webhook, because no WEBHOOK_SECRETS is set for this tenant',
          received: 'a URL',
        },
      ]);
      expect(await harness.jobCount()).toBe(0);
    });

    test('the API reports a private webhook address together with all other problems, unless private addresses are allowed', async () => {
      const request = {
        ...ask,
        image_urls: ['data:image/png;base64,AAAA'],
        webhook_url: 'http://localhost:9/x',
      };
      const strict = await openHarness({ settings: { WEBHOOK_SECRETS } });
      const { problems } = await readProblem(await strict.post(request));
      expect(problems.map(({ field }) => field)).toEqual(['image_urls[0]', 'webhook_url']);
      const lenient = await openHarness({ settings: { WEBHOOK_SECRETS, ALLOW_PRIVATE_HOSTS: true } });
      await accepted(await lenient.post({ ...ask, webhook_url: request.webhook_url }));
    });
  });

  test('the largest valid request fits into a job of less than 7 KB', async () => {
    const { text, sha256: digest } = createApiKey();
    const tenant = 't'.repeat(63);
    const API_KEYS = [{ tenant, roles: ['enqueue' as const], sha256: digest }];
    const harness = await openHarness({ settings: { WEBHOOK_SECRETS, API_KEYS } });
    const uris = await Promise.all(
      Array.from({ length: 14 }, (_, at) => createImageUri('jpeg', 8, 8, at * 9)),
    );
    const hosts = Array.from(
      { length: 14 },
      (_, at) => `https://${'h'.repeat(60)}.${'h'.repeat(60)}.example/${at}?${'q'.repeat(3900)}`,
    );
    const plain = Array.from({ length: 14 }, (_, at) => `https://example.com/${String(at).padEnd(80, 'x')}`);
    for (const image_urls of [uris, hosts, plain]) {
      for (const prompt of ['🦊'.repeat(1000), '"\\'.repeat(500), '\u20ac'.repeat(1000)]) {
        const metadata = { note: 'v'.repeat(245) };
        expect(JSON.stringify(metadata)).toHaveLength(256);
        const mask_url = image_urls === uris ? await createImageUri('png', 8, 8) : image_urls[0];
        const body = {
          model: 'gemini-3-pro-image-preview',
          prompt,
          image_urls,
          mask_url,
          metadata,
          size: '16:9',
          resolution: '4K',
          priority: 'interactive',
          run: 'r'.repeat(64),
          webhook_url: `https://${'h'.repeat(60)}.example/${'x'.repeat(1900)}`,
        };
        const { id } = await accepted(
          await harness.post(body, {
            authorization: `Bearer ${text}`,
            'idempotency-key': sha256(JSON.stringify(body)),
          }),
        );
        const job = await harness.queues.render.getJob(id);
        expect(Buffer.byteLength(JSON.stringify(job?.data))).toBeLessThanOrEqual(7 * 1024);
      }
    }
    const metadata = { note: '\u20ac'.repeat(337) };
    const words = { prompt: '🦊'.repeat(1000), metadata, run: 'r'.repeat(64) };
    const { id } = await accepted(await harness.post(words, { authorization: `Bearer ${text}` }));
    const job = await harness.queues.render.getJob(id);
    expect(Buffer.byteLength(JSON.stringify(job?.data))).toBeLessThanOrEqual(7 * 1024);
  });

  test('the API rejects metadata that does not fit beside the largest prompt and images, and reports the excess', async () => {
    const harness = await openHarness();
    const image_urls = Array.from(
      { length: 14 },
      (_, at) => `https://images.of-a-catalogue.example/${at}?${'q'.repeat(200)}`,
    );
    const [mask_url] = image_urls;
    const body = { prompt: '🦊'.repeat(1000), image_urls, mask_url, metadata: { note: 'x'.repeat(1000) } };
    const problem = await readProblem(await harness.post(body));
    expect(problem).toMatchObject({ status: 422, problems: [{ field: 'metadata' }] });
    expect(await harness.jobCount()).toBe(0);
    expect(await harness.objectCount()).toBe(0);
  });

  test('interactive renders are taken before batch renders', async () => {
    const harness = await openHarness();
    const batch = await accepted(await harness.post({ ...ask, priority: 'batch' }));
    const now = await accepted(await harness.post(ask));
    const priority = async (id: string) => (await harness.queues.render.getJob(id))?.opts.priority ?? 0;
    expect(await priority(now.id)).toBeLessThan(await priority(batch.id));
  });
});

test('the embedded engine makes one render of twenty simultaneous requests under one key', async () => {
  const harness = await openHarness({ queueUrl: 'embedded' });
  const responses = await Promise.all(
    Array.from({ length: 20 }, () => harness.post(ask, { 'idempotency-key': 'race' })),
  );
  const answers = await Promise.all(responses.map(accepted));
  expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
  expect(await harness.jobCount()).toBe(1);
  const bulk = await harness.bulk([
    { ...ask, idempotency_key: 'race' },
    { ...ask, idempotency_key: 'b' },
    { ...ask, idempotency_key: 'b' },
  ]);
  expect(await bulk.json()).toMatchObject({ accepted: 1, duplicates: 2, rejected: 0 });
  expect(await harness.jobCount()).toBe(2);
});
