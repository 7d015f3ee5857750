// A bare BullMQ worker that ends renders at once: it writes their receipts, all with the same image. One of 100 fails.
import { createHash } from 'node:crypto';
import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import type { RenderResult } from '@darkroom/shared/queues';
import { type Checkpoint, type Failure, type StoredImage, sumCost } from '@darkroom/shared/render';
import { systemClock as clock } from '@darkroom/shared/runtime';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

const FAILS_EVERY = 100;
const PRICE_MICROS = 25_000;

const { prefix, storeUrl } = JSON.parse(process.env['RENDER_ENDER'] ?? '{}') as {
  prefix: string;
  storeUrl: string;
};
const store = await openStore({ storeUrl, dataDir: '', clock });
const ledger = new Ledger(store, clock);
const bytes = Buffer.alloc(4_096, 'an image');
const image: StoredImage = {
  key: 'images/bench.jpg',
  sha256: createHash('sha256').update(bytes).digest('hex'),
  bytes: bytes.length,
  width: 1024,
  height: 1024,
  contentType: 'image/jpeg',
  thumbnailKey: 'thumbnails/bench.webp',
};
await store.put(image.key, bytes, { contentType: image.contentType });

let ended = 0;
const worker = new Worker<Checkpoint, RenderResult>(
  'render',
  async ({ data }) => {
    ended += 1;
    const fails = ended % FAILS_EVERY === 0;
    const now = clock.now();
    const failure: Failure = {
      code: 'content_policy_violation',
      message: 'the bench makes some renders fail',
      step: 'submit',
      at: now,
      chain: [],
    };
    const taskId = `task_${data.renderId.slice(4, 20)}`;
    const bought = { outcome: 'accepted', taskId, acceptedAt: now, costMicros: PRICE_MICROS } as const;
    const purchases = fails ? [] : [{ provider: data.provider, attempt: 1, ...bought }];
    const { version, renderId, tenant, request, fingerprint, createdAt } = data;
    const cost = sumCost(purchases);
    await ledger.writeReceipt({
      version,
      renderId,
      tenant,
      request,
      fingerprint,
      createdAt,
      finishedAt: now,
      attempts: 1,
      purchases,
      cost,
      ...(fails ? { status: 'failed', failure } : { status: 'completed', image }),
    });
    if (fails) throw new Error(failure.message);
    return { status: 'completed', image, cost };
  },
  {
    connection: new Redis(process.env['QUEUE_URL'] ?? '', { maxRetriesPerRequest: null }),
    prefix,
    concurrency: 50,
  },
);
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
process.stdout.write('render ender is running\n');
process.once('SIGTERM', () => process.exit(0));
