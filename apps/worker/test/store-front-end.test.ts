import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { cleanup, requires, service, startHttpProxy, tempDir, uniqueS3Url, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { lowJitterClock, openHarness } from './support/harness.ts';

// Each outage takes several waits of the worker.
vi.setConfig({ testTimeout: 120_000 });

const page = '<html><head><title>404</title></head><body><h1>404 Not Found</h1></body></html>';
const answers = {
  'a page with status 404': { status: 404, headers: { 'content-type': 'text/html' }, body: page },
  'a page with status 200': { status: 200, headers: { 'content-type': 'text/html' }, body: page },
  'status 400': { status: 400 },
  NoSuchBucket: {
    status: 404,
    headers: { 'content-type': 'application/xml' },
    body: '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>',
  },
};

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const reference = { kind: 'stored', key: 'inputs/a', contentType: 'image/png', bytes: png.length } as const;

/** Requests that the front end answers itself: more than all steps of the renders make in one wait. */
const OUTAGE_REQUESTS = 40;

requires('redis', 's3').describe('a front end of S3', () => {
  test.for(Object.entries(answers))(
    'while it answers %s in place of S3, running renders wait; each completes from one purchase',
    async ([, answer]) => {
      const { bucket: _, ...access } = service('s3');
      const proxy = await startHttpProxy(access.endpoint);
      const store = await openStore({
        storeUrl: uniqueS3Url(),
        dataDir: await tempDir(),
        s3: { ...access, endpoint: proxy.url },
        clock: lowJitterClock,
      });
      cleanup(() => store.close());
      const ledger = new Ledger(store, lowJitterClock);
      const harness = await openHarness({ settings: { STORE_CONCURRENCY: 2, TOAPIS_SUBMIT_PER_SECOND: 10 } });
      await harness.startWorker({ store });
      await store.put(reference.key, png, { contentType: reference.contentType });
      const enqueue = () => harness.enqueue({ images: [reference] });
      const ids = await Promise.all(Array.from({ length: 12 }, enqueue));
      // Some renders are bought, some images are stored, and others wait for their turn.
      await until(async () => (await store.list({ prefix: 'images/' })).objects.length > 0);

      const outage = proxy.fail({}, answer);
      ids.push(await enqueue());
      const hasFailed = async () => (await harness.queues.render.getFailedCount()) > 0;
      await until(async () => outage.hits >= OUTAGE_REQUESTS || (await hasFailed()), { timeout: 60_000 });
      outage.remove();

      for (const id of ids) {
        await until(async () => Boolean((await harness.queues.render.getJob(id))?.finishedOn), {
          timeout: 60_000,
        });
        const receipt = await ledger.readReceipt(id);
        expect(receipt?.failure).toBeUndefined();
        expect(receipt?.status).toBe('completed');
        expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
      }
      expect(await harness.queues.deadLetter.count()).toBe(0);
    },
  );
});
