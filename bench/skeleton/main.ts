// The bare BullMQ topology of Darkroom: a render job, a submit child, polls by moveToDelayed, a store child. No
// ledger, HTTP, images, checkpoint, notes, metrics or log, unless an extra adds one of them.
//
// main.ts      the process
// options.ts   what it can be told
// workers.ts   the three workers
// extras.ts    HTTP, ledger, image: each on its own
import { openExtras } from './skeleton-io.ts';
import type { SkeletonOptions } from './options.ts';
import { runSkeleton } from './workers.ts';

const options = JSON.parse(process.env.SKELETON ?? '{}') as SkeletonOptions;
const extras = await openExtras(options);
const close = await runSkeleton(process.env.QUEUE_URL ?? '', options, extras);
process.once('SIGTERM', () => void close().then(() => process.exit(0)));
process.once('SIGINT', () => process.exit(130));
process.stdout.write('skeleton is running\n');
