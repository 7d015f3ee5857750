import type { Engine } from '@darkroom/shared/engine';
import {
  type Queues,
  removeWorkerRecord,
  type WorkerRecord,
  writeWorkerRecord,
} from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';

/** How often a worker writes its record. A change is written at once. */
const REPORT_EVERY_MS = 2_000;
/** A stop of the process does not wait longer for the queue. */
const REMOVE_MS = 1_000;

/** Writes to the queue what this worker process does, until it is closed. Then it removes the record. */
export function openWorkerReport(deps: {
  engine: Pick<Engine, 'readTime'>;
  queues: Queues;
  clock: Clock;
  log: Logger;
  describe(): Omit<WorkerRecord, 'seenAt'>;
}): { reportSoon(): void; close(): Promise<void> } {
  const { engine, queues, clock, log, describe } = deps;
  const stop = new AbortController();
  let wait = new AbortController();

  const report = async () => {
    while (!stop.signal.aborted) {
      wait = new AbortController();
      const { signal } = wait;
      await engine
        .readTime()
        .then((seenAt) => writeWorkerRecord(queues, { ...describe(), seenAt }))
        .catch((error: unknown) => log.debug({ err: errorMessage(error) }, 'worker record not written'));
      await clock.sleep(REPORT_EVERY_MS, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
    }
  };
  const reporting = report();
  return {
    reportSoon: () => wait.abort(),
    async close() {
      stop.abort();
      await reporting;
      const removed = removeWorkerRecord(queues, describe().name).catch(() => undefined);
      await Promise.race([removed, clock.sleep(REMOVE_MS)]);
    },
  };
}
