import { renderDetailSchema } from '@darkroom/api';
import { renderJob } from '@darkroom/shared/queues';
import { drawRenderId, sumCost } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { bought, createCheckpointAt, ID, image } from '../support/stored-render.ts';

/** A completed render with its image in the store, in the queue or only as a receipt. */
async function finished(harness: Harness, where: 'queue' | 'receipt'): Promise<string> {
  const renderId = drawRenderId();
  const kept = { ...image, key: `images/${renderId}.png`, thumbnailKey: `thumbnails/${renderId}.webp` };
  await harness.store.put(kept.key, 'PNG bytes', { contentType: 'image/png' });
  await harness.store.put(kept.thumbnailKey, 'small', { contentType: 'image/webp' });
  const end = createCheckpointAt({ step: 'finish', image: kept }, { renderId, purchases: [bought(1)] });
  if (where === 'queue') {
    const { name, data, opts } = renderJob(end);
    await harness.queues.render.add(name, data, opts);
    const worker = harness.engine.worker('render', async () => ({ image: kept, cost: sumCost([]) }));
    await new Promise((done) => worker.once('completed', done));
    await worker.close();
    return renderId;
  }
  const { version, tenant, request, fingerprint, createdAt, purchases } = end;
  const ended = {
    status: 'completed' as const,
    finishedAt: 1_700_000_010_000,
    attempts: 1,
    cost: { ...sumCost([]), spentMicros: 25_000 },
  };
  await harness.ledger.writeReceipt({
    version,
    renderId,
    tenant,
    request,
    fingerprint,
    createdAt,
    purchases,
    image: kept,
    ...ended,
  });
  return renderId;
}

requires('redis').describe('GET /v1/renders/{id}', () => {
  test("another tenant's render is searched as long as an unknown one, so the response time reveals nothing", async () => {
    const reads: string[] = [];
    const harness = await openHarness({
      wrap: (deps) => {
        const get: typeof deps.store.get = (key, options) => {
          reads.push(key);
          return deps.store.get(key, options);
        };
        return { ...deps, store: Object.assign(Object.create(deps.store), { get }) };
      },
    });
    const theirs = createCheckpointAt({ step: 'submit' }, { renderId: drawRenderId(), tenant: 'another' });
    const { name, data, opts } = renderJob(theirs);
    await harness.queues.render.add(name, data, opts);
    const absent = drawRenderId();
    for (const id of [theirs.renderId, absent]) {
      expect(await readProblem(await harness.get(`/v1/renders/${id}`))).toMatchObject({ status: 404 });
    }
    expect(reads).toEqual([`renders/${theirs.renderId}.json`, `renders/${absent}.json`]);
  });

  test.each(['queue', 'receipt'] as const)(
    'the API answers a completed render from the %s and serves its image',
    async (where) => {
      const harness = await openHarness();
      const id = await finished(harness, where);
      const response = await harness.get(`/v1/renders/${id}`);
      expect(response.status).toBe(200);
      const answer = renderDetailSchema.parse(await response.json());
      expect(answer).toMatchObject({ id, status: 'completed', progress: 100, cost: { spent: '0.025' } });
      expect(answer.image?.url).toBe(`${harness.url}/v1/renders/${id}/image`);

      const served = await fetch(answer.image?.url ?? '');
      expect(await served.text()).toBe('PNG bytes');
      expect(Object.fromEntries(served.headers)).toMatchObject({
        'content-type': 'image/png',
        'content-length': '9',
        etag: `"${image.sha256}"`,
        'cache-control': 'private, max-age=86400',
        'x-content-type-options': 'nosniff',
      });
      const known = await fetch(answer.image?.url ?? '', {
        headers: { 'if-none-match': `W/"${image.sha256}"` },
      });
      expect([known.status, await known.text()]).toEqual([304, '']);
      const head = await fetch(answer.image?.url ?? '', { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, '9']);
      const thumbnail = await fetch(answer.image?.thumbnail_url ?? '');
      expect([thumbnail.headers.get('content-type'), await thumbnail.text()]).toEqual([
        'image/webp',
        'small',
      ]);
    },
  );

  test('the API returns signed URLs where the store can sign, and logs none of them', async () => {
    const harness = await openHarness({
      wrap: (deps) => {
        const signedUrl = async (key: string) => `https://s3.example.com/${key}?X-Amz-Signature=0`;
        return { ...deps, store: Object.assign(Object.create(deps.store), { signedUrl }) };
      },
    });
    const id = await finished(harness, 'receipt');
    const { image } = renderDetailSchema.parse(await (await harness.get(`/v1/renders/${id}`)).json());
    expect(image?.url).toBe(`https://s3.example.com/images/${id}.png?X-Amz-Signature=0`);
    expect(harness.logs()).not.toContain('Signature');
  });

  test.each(['rnd_0123456789abcdef0123456789abcdef', 'nonsense', '..%2f..%2fetc', '%00', 'a'.repeat(90)])(
    'the API answers 404 for %s',
    async (id) => {
      const harness = await openHarness();
      for (const path of ['', '/image', '/thumbnail']) {
        const response = await harness.get(`/v1/renders/${id}${path}`);
        expect(await readProblem(response)).toMatchObject({ status: 404, code: 'render_not_found' });
      }
    },
  );

  test('the API answers 404 for the image of a render that has none yet', async () => {
    const harness = await openHarness();
    const { id } = (await (await harness.post({ prompt: 'x' })).json()) as { id: string };
    expect(await readProblem(await harness.get(`/v1/renders/${id}/image`))).toMatchObject({
      code: 'image_not_found',
      render_id: id,
    });
  });

  test('the API does not show a render of another tenant', async () => {
    const harness = await openHarness();
    const { name, data, opts } = renderJob(createCheckpointAt({ step: 'submit' }, { tenant: 'another' }));
    await harness.queues.render.add(name, data, opts);
    expect(await readProblem(await harness.get(`/v1/renders/${ID}`))).toMatchObject({ status: 404 });
  });
});
