// A bare BullMQ worker that completes every render after some time, for measurements of the producer alone.
import type { RenderResult } from '@darkroom/shared/queues';
import { type Checkpoint, sumCost } from '@darkroom/shared/render';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

const { prefix, afterMs } = JSON.parse(process.env.FAKE_WORKER ?? '{}') as {
  prefix: string;
  afterMs: number;
};
const connection = new Redis(process.env.QUEUE_URL ?? '', { maxRetriesPerRequest: null });
const worker = new Worker<Checkpoint, RenderResult>(
  'render',
  async ({ data: { renderId } }) => {
    await new Promise((resolve) => setTimeout(resolve, afterMs * (0.5 + Math.random())));
    const image = {
      key: `images/${renderId}.jpg`,
      sha256: '0'.repeat(64),
      bytes: 1,
      width: 1,
      height: 1,
      contentType: 'image/jpeg',
      thumbnailKey: `thumbnails/${renderId}.webp`,
    };
    return { status: 'completed', image, cost: sumCost([]) };
  },
  { connection, prefix, concurrency: 200 },
);
worker.on('error', (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
process.stdout.write('fake worker is running\n');
process.once('SIGTERM', () => process.exit(0));
