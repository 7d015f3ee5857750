import { checkpointSchema, DATA_VERSION, type Receipt, renderIdFor, sumCost } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { putRun } from '../../support/contract/contract-fixture.ts';
import { readEnvelope, readTask, submit } from '../../support/drop-in-client.ts';
import { createImageUri, type Harness, openHarness } from '../../support/harness.ts';

const ask = { model: 'gemini-3-pro-image-preview', prompt: 'a lighthouse at dusk', size: '16:9', n: 1 };

const requestOf = async (harness: Harness, id: string) =>
  checkpointSchema.parse((await harness.queues.render.getJob(id))?.data).request;

requires('redis').describe('a submission', () => {
  test('the producer enqueues a render under the id of the task before it answers a submission', async () => {
    const harness = await openHarness();
    const task = await readTask(await submit(harness, ask));
    expect(task).toMatchObject({ status: 'queued', progress: 0, model: ask.model, metadata: {} });
    expect(await requestOf(harness, task.id)).toMatchObject({
      prompt: ask.prompt,
      size: '16:9',
      resolution: '1K',
      priority: 'interactive',
    });
    const native = await harness.get(`/v1/renders/${task.id}`);
    expect(await native.json()).toMatchObject({ id: task.id, status: 'queued' });
  });

  test.each([
    [{ resolution: '2K' }, { resolution: '2K' }],
    [{ metadata: { resolution: '4K' } }, { resolution: '4K' }],
    [{ resolution: '2K', metadata: { resolution: '4K' } }, { resolution: '4K' }],
    [
      { size: undefined, metadata: { orientation: 'landscape' } },
      { size: '4:3', metadata: { orientation: 'landscape' } },
    ],
    [
      { size: null, metadata: { orientation: 'portrait' } },
      { size: '3:4', metadata: { orientation: 'portrait' } },
    ],
    [{ metadata: { orientation: 'portrait' } }, { size: '16:9', metadata: { orientation: 'portrait' } }],
    [{ client_business_id: 'order-7' }, { metadata: { client_business_id: 'order-7' } }],
    [{ model: 'nano-banana-pro' }, { model: 'nano-banana-pro' }],
    [{ model: undefined }, { model: 'gemini-3-pro-image-preview' }],
  ])('a submission with %o creates a render with %o', async (change, expected) => {
    const harness = await openHarness();
    const { id } = await readTask(await submit(harness, { ...ask, ...change }));
    expect(await requestOf(harness, id)).toMatchObject(expected);
  });

  test('a submission accepts images as strings, objects and data URIs, and ignores the fields that the provider ignores', async () => {
    const harness = await openHarness();
    const uri = await createImageUri('png');
    const { id } = await readTask(
      await submit(harness, {
        ...ask,
        image_urls: ['https://images.example/a.png', { url: 'https://images.example/b.png', alt: 'b' }, uri],
        mask_url: 'https://images.example/m.png',
        callback_url: 'https://shop.example/hook?secret=1',
        priority: 'whatever',
        webhook_url: 5,
        metadata: { anything: [{}] },
      }),
    );
    const request = await requestOf(harness, id);
    expect(request.images.map(({ kind }) => kind)).toEqual(['url', 'url', 'stored']);
    expect(request).toMatchObject({ priority: 'interactive', mask: { kind: 'url' } });
    expect(request).not.toHaveProperty('metadata');
    expect(request).not.toHaveProperty('webhook');
  });

  test('the response to an invalid submission lists all problems with their fields', async () => {
    const harness = await openHarness();
    const body = {
      prompt: 'x'.repeat(1001),
      n: '1',
      metadata: { resolution: '8K' },
      image_urls: ['https://images.example/a.png', 'b.png'],
      client_business_id: 'x'.repeat(256),
    };
    const { message, ...rest } = await readEnvelope(await submit(harness, body));
    expect(rest).toEqual({ status: 400, code: 'invalid_request', type: 'invalid_request_error' });
    expect(message.split('; ')).toEqual([
      expect.stringMatching(
        /^prompt: expected at most 1000 characters, received a string of 1001 characters/,
      ),
      expect.stringMatching(/^n: expected the number 1, received the string "1"$/),
      expect.stringMatching(/^image_urls\[1\]: expected a public http\(s\) URL or a data URI/),
      expect.stringMatching(
        /^metadata\.resolution: expected one of "1K", "2K", "4K", received the string "8K"$/,
      ),
      expect.stringMatching(
        /^client_business_id: expected at most 255 bytes, received a string of 256 characters/,
      ),
    ]);
    expect(await harness.jobCount()).toBe(0);
  });

  test('no response or log line contains an invalid data URI or signed URL', async () => {
    const harness = await openHarness();
    const image_urls = [
      `data:image/bmp;base64,${'QUJD'.repeat(20)}`,
      `https://x.example/${'y'.repeat(5000)}?sig=topsecret`,
    ];
    const { message } = await readEnvelope(await submit(harness, { ...ask, image_urls }));
    for (const secret of ['QUJDQUJD', 'topsecret']) {
      expect(message).not.toContain(secret);
      expect(harness.logs()).not.toContain(secret);
    }
  });

  test('a submission with the header Darkroom-Run is counted by its run, which takes none when it is sealed', async () => {
    const harness = await openHarness();
    await putRun(harness, 'night-1', { isOpen: true });
    const inRun = { 'darkroom-run': 'night-1' };
    const { id } = await readTask(await submit(harness, ask, inRun));
    expect(await requestOf(harness, id)).toMatchObject({ run: 'night-1' });
    const counted = await (await harness.get('/v1/runs/night-1?tenant=default')).json();
    expect(counted).toMatchObject({ total: 1, counts: { queued: 1 } });
    await fetch(`${harness.url}/v1/runs/night-1/seal?tenant=default`, { method: 'POST' });
    const refused = await readEnvelope(await submit(harness, { ...ask, prompt: 'too late' }, inRun));
    expect(refused).toMatchObject({ status: 409, code: 'run_closed' });
    const invalid = await readEnvelope(await submit(harness, ask, { 'darkroom-run': 'night 1' }));
    expect(invalid).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(invalid.message).toContain('Darkroom-Run: expected 1 to 64 letters');
    expect(await harness.jobCount()).toBe(1);
  });

  describe('repeated submissions', () => {
    test('submissions under the same Idempotency-Key create one render, also through the native API', async () => {
      const harness = await openHarness();
      const key = { 'idempotency-key': 'order-7' };
      const first = await readTask(await submit(harness, ask, key));
      expect(first.id).toBe(renderIdFor('default', 'order-7'));
      expect((await readTask(await submit(harness, { ...ask, unknown: 1 }, key))).id).toBe(first.id);
      const native = await harness.post({ prompt: ask.prompt, size: ask.size }, key);
      expect(await native.json()).toMatchObject({ id: first.id, duplicate: true });
      const other = await readEnvelope(await submit(harness, { ...ask, prompt: 'another' }, key));
      expect(other).toMatchObject({ status: 409, code: 'idempotency_conflict' });
      expect(other.message).toContain('another prompt');
      expect(await harness.jobCount()).toBe(1);
    });

    test('submissions under the same client_business_id with the same request create one render', async () => {
      const harness = await openHarness();
      const named = { ...ask, client_business_id: 'order-7' };
      const ids = [
        await readTask(await submit(harness, named)),
        await readTask(await submit(harness, { ...named, resolution: '1K', callback_url: null })),
        await readTask(await submit(harness, { ...named, prompt: 'another' })),
        await readTask(await submit(harness, { ...named, client_business_id: 'order-8' })),
      ].map(({ id }) => id);
      expect(ids[1]).toBe(ids[0]);
      expect(new Set(ids).size).toBe(3);
    });

    test('twenty simultaneous submissions under one client_business_id create one render', async () => {
      const harness = await openHarness();
      const tasks = await Promise.all(
        Array.from({ length: 20 }, async () =>
          readTask(await submit(harness, { ...ask, client_business_id: 'r' })),
        ),
      );
      expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
      expect(await harness.jobCount()).toBe(1);
    });

    test('submissions without an Idempotency-Key and a client_business_id create different renders', async () => {
      const harness = await openHarness();
      const [one, two] = [
        await readTask(await submit(harness, ask)),
        await readTask(await submit(harness, ask)),
      ];
      expect(one.id).not.toBe(two.id);
    });
  });

  describe('a submission under the client_business_id of a render that ended', () => {
    const named = { ...ask, client_business_id: 'order-7' };
    const end = async (harness: Harness, id: string, more: Partial<Receipt>) => {
      const { fingerprint, request, createdAt } = checkpointSchema.parse(
        (await harness.queues.render.getJob(id))?.data,
      );
      await harness.ledger.writeReceipt({
        version: DATA_VERSION,
        renderId: id,
        tenant: 'default',
        status: 'failed',
        request,
        fingerprint,
        createdAt,
        finishedAt: createdAt + 1000,
        attempts: 1,
        purchases: [],
        cost: sumCost([]),
        ...more,
      });
      await harness.queues.render.remove(id);
    };
    const failed = (code: 'content_policy_violation' | 'submission_unknown') => ({
      failure: { code, message: 'no', step: 'submit' as const, at: 1, chain: [] },
    });

    test('a submission after a failed render creates one new render, also when it is repeated', async () => {
      const harness = await openHarness();
      const first = await readTask(await submit(harness, named));
      await end(harness, first.id, failed('content_policy_violation'));
      const [second, again] = [
        await readTask(await submit(harness, named)),
        await readTask(await submit(harness, named)),
      ];
      expect(second).toMatchObject({ status: 'queued' });
      expect(second.id).not.toBe(first.id);
      expect(again.id).toBe(second.id);
    });

    test('a submission after an unknown purchase answers with the failed task and buys nothing', async () => {
      const harness = await openHarness();
      const first = await readTask(await submit(harness, named));
      await end(harness, first.id, failed('submission_unknown'));
      expect(await readTask(await submit(harness, named))).toMatchObject({
        id: first.id,
        status: 'failed',
        error: { code: 'submission_unknown' },
      });
      expect(await harness.jobCount()).toBe(0);
    });

    test('a submission after a completed render answers with its image', async () => {
      const harness = await openHarness();
      const first = await readTask(await submit(harness, named));
      const image = {
        key: `images/${first.id}.png`,
        sha256: 'ab'.repeat(32),
        bytes: 9,
        width: 4,
        height: 3,
        contentType: 'image/png',
        thumbnailKey: `thumbnails/${first.id}.webp`,
      };
      await end(harness, first.id, { status: 'completed', image });
      const again = await readTask(await submit(harness, named));
      expect(again).toMatchObject({
        id: first.id,
        status: 'completed',
        result: { data: [{ url: expect.stringMatching(/^http/) }] },
      });
    });
  });
});
