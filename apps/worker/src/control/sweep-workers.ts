import { ControlStore } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { listWorkerRecords, type Queues, removeWorkerRecord } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';

/** What is left of a process is kept this long, for people. */
const KEEP_MS = 86_400_000;
/** A worker writes its record again within this time after the queue has lost it. */
const REPORT_MS = 10_000;

/** Deletes the records of workers that died, and drains of processes that are gone. */
export async function sweepWorkers(deps: {
  engine: Pick<Engine, 'readTime'>;
  store: ObjectStore;
  queues: Queues;
  clock: Clock;
  signal: AbortSignal;
}): Promise<void> {
  const { engine, store, queues, clock, signal } = deps;
  const present = await engine.readTime();
  for (const { name, seenAt } of await listWorkerRecords(queues))
    if (seenAt + KEEP_MS < present) await removeWorkerRecord(queues, name);

  const control = new ControlStore(store);
  const { drains } = await control.readState({ signal });
  const old = drains.filter(({ since }) => since + KEEP_MS < clock.now());
  if ((await findGone(queues, old)).length === 0) return;
  // Without its drain, a worker that is only slow to report would take jobs.
  await clock.sleep(REPORT_MS, signal);
  for (const { worker } of await findGone(queues, old)) await control.removeDrain(worker, { signal });
}

async function findGone<D extends { worker: string }>(queues: Queues, drains: readonly D[]): Promise<D[]> {
  if (drains.length === 0) return [];
  const known = new Set((await listWorkerRecords(queues)).map(({ name }) => name));
  return drains.filter(({ worker }) => !known.has(worker));
}
