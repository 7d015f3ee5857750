import type { ObjectStore } from '../object-store/index.ts';
import { pauseQueue, type Queues } from '../queues/index.ts';
import { type Clock, shareRuns } from '../runtime/index.ts';
import { ControlStore } from './control-store.ts';
import {
  type ControlState,
  findPauses,
  findRunStop,
  NO_CONTROLS,
  type PausableRender,
  type RunStop,
  type SubmissionPause,
} from './pause-records.ts';
import { announceChange, readRevision } from './revision.ts';

/** The store is read again after this time without a change: a mark may be lost when the queue is away. */
const RELOAD_MS = 30_000;
const READ_MS = 5_000;

/**
 * What one process knows of pauses, limits and drains. A read costs one call to the queue. The store is read only after a change, twice a
 * minute, and when the queue has lost its data.
 */
export class ControlReader {
  readonly #store: ControlStore;
  readonly #queues: Queues;
  readonly #clock: Pick<Clock, 'now'>;
  #loaded: { at: number; revision: string | undefined; state: ControlState } | undefined;

  constructor({ store, queues, clock }: { store: ObjectStore; queues: Queues; clock: Pick<Clock, 'now'> }) {
    this.#store = new ControlStore(store);
    this.#queues = queues;
    this.#clock = clock;
  }

  /** The last that was read, at once. */
  latest(): ControlState {
    return this.#loaded?.state ?? NO_CONTROLS;
  }

  /** The mark of the last change that was read. */
  get revision(): string {
    return this.#loaded?.revision ?? 'none';
  }

  /** Reads the store, also while the queue is away: before the first job. Throws {@link StoreError}. */
  async load(): Promise<ControlState> {
    const state = await this.#store.readState();
    // Without a mark, the next call reads again.
    this.#loaded = { at: this.#clock.now(), revision: undefined, state };
    return state;
  }

  /**
   * Reads what stands now: everything that was announced before the call. Callers that come together share one read.
   * Throws {@link StoreError}, and the errors of the engine.
   */
  readonly refresh: () => Promise<ControlState> = shareRuns(() => this.#refresh());

  /**
   * The pauses that hold a render back. A worker whose knowledge is older than the end of a pause would hold the render
   * back for minutes, so a pause is believed only after a read.
   */
  async findPauses(render: PausableRender): Promise<SubmissionPause[]> {
    if (this.#loaded && findPauses(this.#loaded.state, render, this.#clock.now()).length === 0) return [];
    return await this.findPresentPauses(render);
  }

  /** The same, with every pause that was acknowledged before the call. For the moment before a purchase. */
  async findPresentPauses(render: PausableRender): Promise<SubmissionPause[]> {
    return findPauses(await this.refresh(), render, this.#clock.now());
  }

  /** Why the run of a render buys nothing more, with every cancel that was acknowledged before the call. */
  async findRunStop(render: PausableRender): Promise<RunStop | undefined> {
    return findRunStop(await this.refresh(), render, this.#clock.now());
  }

  async #refresh(): Promise<ControlState> {
    // Before the store: a change that comes in between is read by the next call.
    const revision = await readRevision(this.#queues);
    const known = this.#loaded;
    const now = this.#clock.now();
    if (
      known &&
      revision !== undefined &&
      revision === known.revision &&
      Math.abs(now - known.at) < RELOAD_MS
    )
      return known.state;
    const state = await this.#store.readState({ signal: AbortSignal.timeout(READ_MS) });
    this.#loaded = { at: now, revision, state };
    if (revision === undefined) await this.#restoreQueue(state);
    return state;
  }

  /** The queue has no mark: it is new, or it lost its data and with it the pauses of its queues. */
  async #restoreQueue({ pauses }: ControlState): Promise<void> {
    for (const { scope, actor, reason, since } of pauses) {
      if (scope.queue && !(await this.#queues[scope.queue].isPaused()))
        await pauseQueue(this.#queues, scope.queue, { actor, reason, now: since });
    }
    await announceChange(this.#queues);
  }
}
