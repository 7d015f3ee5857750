import type { RenderStatus } from '@darkroom/api';

/** The statuses in the order in which a tally shows them. */
export const TALLY_STATUSES = [
  'queued',
  'rendering',
  'storing',
  'completed',
  'failed',
  'canceled',
] as const satisfies readonly RenderStatus[];

/** A run that was created. */
export interface RunRef {
  tenant: string;
  id: string;
}

/** Where a render of a run stands. */
export interface TalliedRender {
  renderId: string;
  /**
   * How far it is: 2n + 1 after n ends while it runs, 2n for its end number n. A move to a lower place changes nothing, so
   * every move may be made twice, and late.
   */
  place: number;
  status: RenderStatus;
  spentMicros: number;
  refundedMicros: number;
  possiblySpentMicros: number;
  /** Unix milliseconds. Only of an end. */
  endedAt?: number;
}

/**
 * - `add`: the intake accepted it. A known render stays as it is. A closed run refuses an unknown one.
 * - `withdraw`: the intake did not accept it after all. Only a render that has not begun is removed.
 * - `move`: it stands here now.
 * - `fill`: it stood here when the store was read. A later place stays.
 */
export type TallyChange = 'add' | 'withdraw' | 'move' | 'fill';

/** Why a run takes no more renders. */
export type RunClosing = 'sealed' | 'canceled';

/** A run after a change. */
export interface TallyState {
  /** Whether the tally has all renders. False after the engine has lost its data, until a worker has filled it again. */
  isReady: boolean;
  closed: RunClosing | undefined;
  /** The number of the next end of the run. 0: not known. */
  opening: number;
  /** Renders that have not ended. */
  remaining: number;
  /** The unknown renders that a closed run refused. */
  refused: string[];
}

/** All that a tally knows of a run. */
export interface RunTally extends Omit<TallyState, 'refused'> {
  counts: Record<RenderStatus, number>;
  spentMicros: number;
  refundedMicros: number;
  possiblySpentMicros: number;
  /** How many renders ended in each of the last {@link TALLY_MINUTES}, by Unix minute. */
  endedPerMinute: ReadonlyMap<number, number>;
}

/** Minutes of which a tally keeps how many renders ended. */
export const TALLY_MINUTES = 60;

/** What a producer must know before it accepts a render with the name of a run. */
export interface RunLookup {
  /** Whether a tally of this name exists: then the run was created and has not ended. */
  exists: boolean;
  isReady: boolean;
  closed: RunClosing | undefined;
  /** Changes with every run that is created. `undefined`: none was created since the engine lost its data. */
  revision: string | undefined;
}

/**
 * How many renders of each run are in which status: in Redis for all processes of a deployment, in this process for the
 * embedded engine. BullMQ has no such counts. Every change of a render is one atomic step, and may be repeated (I6).
 *
 * Every method rejects with EngineError `unavailable` when the engine is away.
 */
export interface RunTallies {
  /**
   * Begins the tally of a run. A tally that exists stays.
   *
   * @param isNew the run was just created, so an empty tally has all its renders
   */
  open(run: RunRef, isNew: boolean): Promise<void>;
  find(run: RunRef): Promise<RunLookup>;
  change(run: RunRef, change: TallyChange, renders: readonly TalliedRender[]): Promise<TallyState>;
  /** The run takes no more renders. `canceled` replaces `sealed`. */
  close(run: RunRef, closing: RunClosing): Promise<TallyState>;
  /** The tally has all renders: from now on the run can end, as its end number `opening`. */
  markReady(run: RunRef, opening: number): Promise<TallyState>;
  /** @returns `undefined` if there is none */
  read(run: RunRef): Promise<RunTally | undefined>;
  /** The ids of the renders in some statuses, in parts. One that moves meanwhile may be missing, or come twice. */
  listRenders(run: RunRef, statuses: readonly RenderStatus[]): AsyncGenerator<string[], void, void>;
  /**
   * Forgets the tally of a run after its end number `opening`. If renders run again meanwhile, the tally stays, with the
   * next number.
   *
   * @returns `other`: the tally is about another end
   */
  finish(run: RunRef, opening: number): Promise<'removed' | 'continues' | 'other'>;
}
