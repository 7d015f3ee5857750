// The bare BullMQ topology of Darkroom: a render job, a submit child, polls by moveToDelayed, a store child. It has no
// checkpoint, notes, metrics or log. HTTP, ledger and images can be added.
//
// main.ts          the process
// options.ts       its options
// workers.ts       the three workers
// skeleton-io.ts   HTTP, ledger, image: each can be added separately

import type { SkeletonOptions } from '../skeleton-options.ts';
import { openSkeletonIo } from './skeleton-io.ts';
import { startSkeletonWorkers } from './workers.ts';

const options = JSON.parse(process.env.SKELETON ?? '{}') as SkeletonOptions;
const io = await openSkeletonIo(options);
const close = await startSkeletonWorkers(process.env.QUEUE_URL ?? '', options, io);
process.once('SIGTERM', () => void close().then(() => process.exit(0)));
process.once('SIGINT', () => process.exit(130));
process.stdout.write('skeleton is running\n');
