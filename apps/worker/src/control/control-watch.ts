import { type ControlReader, type ControlState, listOpenPauses } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import { type Queues, wakeRender } from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { wakeReleasedRenders, withdrawPausedSubmissions } from './paused-renders.ts';

export interface ControlWatchDeps {
  control: ControlReader;
  engine: Engine;
  queues: Queues;
  clock: Clock;
  log: Logger;
  /** Applies limits and drains, on every check: some end by themselves. */
  applyState(state: ControlState): void;
}

/** A change is seen within this time. A pause must hold within a second, a limit within three. */
const CHECK_EVERY_MS = 400;

/**
 * Reads pauses, limits and drains again and again. After a change of the pauses, one of the workers takes paused submissions out of their queue and wakes
 * the renders that are free again.
 */
export function openControlWatch(deps: ControlWatchDeps): { close(): Promise<void> } {
  const { clock, log } = deps;
  const stop = new AbortController();
  let handled: { names: string; passes: ReadonlySet<string>; revision: string } | undefined;
  /** The change that this worker has begun to apply. */
  let own: string | undefined;

  const check = async () => {
    const state = await deps.control.refresh();
    deps.applyState(state);
    const open = listOpenPauses(state, clock.now());
    const present = {
      names: open.map(({ name }) => name).join(' '),
      passes: state.passes,
      revision: deps.control.revision,
    };
    // Without a pause, and at the start, there is nothing to take out.
    const before = handled ?? { names: '', passes: new Set<string>(), revision: present.revision };
    const isFirst = handled === undefined;
    // A pause that ended before this check saw it may have held renders back.
    const isMissed = present.revision !== before.revision && present.passes.size === before.passes.size;
    if (present.names === before.names && present.passes === before.passes && !isMissed && !isFirst) return;
    for (const id of present.passes) if (!before.passes.has(id)) await wakeRender(deps.queues, id);
    if (present.names !== before.names || isMissed || isFirst) await applyPauses(state);
    // Only now: after an error, the next check does it again.
    handled = present;
  };

  const applyPauses = async (state: ControlState) => {
    const { engine, control, queues } = deps;
    const open = listOpenPauses(state, clock.now());
    const change = `control-${control.revision}-${open.length}`;
    // All workers see the same change within a second. One of them acts. Should it die, the renders check by themselves.
    if (own !== change && (await engine.counters.take(change, 1)) > 0) return;
    own = change;
    const work = { engine, queues, clock, signal: stop.signal };
    const withdrawn = open.length > 0 ? await withdrawPausedSubmissions(work, state) : 0;
    const woken = await wakeReleasedRenders(work, state);
    own = undefined;
    if (withdrawn + woken > 0) log.info({ withdrawn, woken }, 'pauses changed: renders moved');
  };

  const watch = async () => {
    while (!stop.signal.aborted) {
      await check().catch((error: unknown) => {
        if (!stop.signal.aborted) log.debug({ err: errorMessage(error) }, 'pauses not read');
        // The end of an override is known without the queue and the store.
        deps.applyState(deps.control.latest());
      });
      await clock.sleep(CHECK_EVERY_MS, stop.signal).catch(() => undefined);
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
