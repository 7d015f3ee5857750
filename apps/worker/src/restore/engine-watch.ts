import type { Engine } from '@darkroom/shared/engine';
import { type Queues, requestRestore } from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import type { Metrics } from '../stage/index.ts';

export interface EngineWatchDeps {
  engine: Engine;
  queues: Queues;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** A loss is noticed within this time after the engine is back. */
const CHECK_EVERY_MS = 2_000;
/** A restore that failed with an unexpected error is tried again after this time. */
const FAILED_RETRY_MS = 60_000;

/**
 * Requests a restore when the queue may be incomplete: at the first start, and when the engine was restarted, replaced by
 * another server, or emptied. All workers watch; the restore is one job, so one of them runs it.
 */
export function openEngineWatch(deps: EngineWatchDeps): { close(): Promise<void> } {
  const { clock, log } = deps;
  const stop = new AbortController();
  const watch = async () => {
    for (let isFirst = true; !stop.signal.aborted; ) {
      let pauseMs = CHECK_EVERY_MS;
      try {
        if ((await checkEngine(deps, isFirst)) === 'failed') pauseMs = FAILED_RETRY_MS;
        isFirst = false;
      } catch (error) {
        // The engine is away. The next check finds out what it has lost.
        log.debug({ err: errorMessage(error) }, 'queue engine not checked');
      }
      await clock.sleep(pauseMs, stop.signal).catch(() => undefined);
    }
  };
  const watching = watch();
  return {
    async close() {
      stop.abort();
      await watching;
    },
  };
}

async function checkEngine({ engine, queues, clock, log, metrics }: EngineWatchDeps, isFirst: boolean) {
  const reason = isFirst
    ? 'a worker started, and this engine has no completed restore'
    : 'the engine was restarted, replaced or emptied while workers ran';
  const state = await requestRestore(engine, queues, { reason, now: clock.now() });
  if (state === 'unknown' && !isFirst) {
    metrics.engineChanges.inc();
    log.warn({ reason }, 'queue engine changed: the queue is compared with the journal');
  }
  if (state === 'failed') log.error({ alert: true }, 'restore failed: it is tried again');
  return state;
}
