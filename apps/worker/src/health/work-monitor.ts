import { WAIT_CAUSES, type WaitingFor } from '@darkroom/api';
import { type ControlReader, NO_CONTROLS } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import { type Queues, readStops, type WorkerRecord } from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { listWaitCauses, type WaitConditions } from '@darkroom/shared/snapshot';
import type { Metrics } from '../stage/index.ts';

/** How a worker is doing. `alive` is about this process, `ready` about the engine that it needs. */
export interface WorkReport {
  alive: boolean;
  ready: boolean;
  /** Why the worker is not ready. */
  reason?: string;
  /** Milliseconds since a run of any job began or ended here, in steps of five seconds. */
  idleMs: number;
  /** Why renders wait. A worker that waits is healthy. */
  waiting_for: WaitingFor['cause'][];
  /** Whether an operator drains the worker. `drained`: it is safe to stop. */
  drain: WorkerRecord['drain'];
  jobs: Record<string, Record<string, number>>;
}

/**
 * What the monitor does with each queue: `moves`: its waiting jobs must be run; `counted`: its jobs are only counted;
 * `ignored`: not even counted.
 */
const WATCH: Record<keyof Queues, 'moves' | 'counted' | 'ignored'> = {
  render: 'moves',
  submit: 'moves',
  store: 'moves',
  webhook: 'moves',
  deadLetter: 'counted',
  webhookDeadLetter: 'counted',
  maintenance: 'ignored',
  cancel: 'ignored',
  stop: 'ignored',
  restore: 'ignored',
  run: 'ignored',
  redrive: 'ignored',
  catalogue: 'ignored',
  batch: 'ignored',
  worker: 'ignored',
};
const QUEUE_NAMES = Object.keys(WATCH) as (keyof Queues)[];

const CHECK_EVERY_MS = 5_000;
const PING_MS = 2_000;
const STUCK_AFTER_MS = 90_000;
const RUNNABLE_STATES = ['waiting', 'prioritized'];

/**
 * Watches whether work moves. A PING that is answered proves nothing: a worker is stuck when jobs could run and none is
 * run.
 */
export class WorkMonitor {
  readonly #engine: Pick<Engine, 'ping'>;
  readonly #queues: Queues;
  readonly #control: Pick<ControlReader, 'latest'>;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  /** Checks since a run of any job began or ended. Counted, not timed: the system's clock may jump. */
  #idleChecks = 0;
  #jobs: WorkReport['jobs'] = {};
  #engineError: string | undefined = 'not checked yet';
  #conditions: WaitConditions = {
    at: 0,
    control: NO_CONTROLS,
    pauses: [],
    hasSubmitBacklog: false,
    isStoreAway: false,
  };
  #isProviderAway = false;
  #drain: WorkerRecord['drain'] = 'no';

  constructor(deps: {
    engine: Pick<Engine, 'ping'>;
    queues: Queues;
    control: Pick<ControlReader, 'latest'>;
    clock: Clock;
    metrics: Metrics;
    log: Logger;
  }) {
    this.#engine = deps.engine;
    this.#queues = deps.queues;
    this.#control = deps.control;
    this.#clock = deps.clock;
    this.#metrics = deps.metrics;
    this.#log = deps.log;
    this.#loop = this.#checkRepeatedly();
  }

  /** A run of a job began or ended. */
  noteActivity(): void {
    this.#idleChecks = 0;
  }

  /** Whether the provider itself answered, when a submission or a probe last asked. */
  noteProvider(isAway: boolean): void {
    this.#isProviderAway = isAway;
    this.#showWaiting();
  }

  /** An operator drains this worker. It stands still, and is healthy. */
  noteDrain(drain: WorkerRecord['drain']): void {
    this.#drain = drain;
    this.#idleChecks = 0;
    this.#metrics.drained.set(['no', 'draining', 'drained'].indexOf(drain));
  }

  noteStore(isAway: boolean): void {
    this.#conditions = { ...this.#conditions, isStoreAway: isAway };
    this.#showWaiting();
  }

  /** Renders whose task is at the provider, at the last check. */
  countInFlight(): number {
    return this.#jobs.render?.delayed ?? 0;
  }

  report(): WorkReport {
    const idleMs = this.#idleChecks * CHECK_EVERY_MS;
    const base = { idleMs, jobs: this.#jobs, waiting_for: this.#listWaitCauses(), drain: this.#drain };
    if (this.#engineError)
      return { ...base, alive: true, ready: false, reason: `queue engine: ${this.#engineError}` };
    const runnable = this.#countRunnable();
    return idleMs > STUCK_AFTER_MS && runnable > 0 && this.#drain === 'no'
      ? { ...base, alive: false, ready: false, reason: `${runnable} jobs could run and none does` }
      : { ...base, alive: true, ready: true };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  #countRunnable(): number {
    let runnable = 0;
    const paused = new Set<string>(this.#conditions.pauses.map(({ queue }) => queue));
    for (const name of QUEUE_NAMES) {
      if (WATCH[name] !== 'moves' || paused.has(name)) continue;
      const counts = this.#jobs[this.#queues[name].name];
      for (const state of RUNNABLE_STATES) runnable += counts?.[state] ?? 0;
    }
    return runnable;
  }

  async #checkRepeatedly(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        this.#idleChecks += 1;
        await this.#check();
        this.#engineError = undefined;
      } catch (error) {
        if (!this.#stop.signal.aborted) {
          this.#engineError = errorMessage(error);
          this.#log.warn({ err: this.#engineError }, 'queue engine does not answer');
        }
      }
      await this.#clock.sleep(CHECK_EVERY_MS, this.#stop.signal).catch(() => undefined);
    }
  }

  async #check(): Promise<void> {
    // It names a wrong password and denied commands, which the counts do not.
    await this.#engine.ping(PING_MS);
    for (const key of QUEUE_NAMES) {
      if (WATCH[key] === 'ignored') continue;
      const queue = this.#queues[key];
      const counts = await queue.getJobCounts();
      this.#jobs[queue.name] = counts;
      for (const [state, count] of Object.entries(counts)) {
        this.#metrics.queueJobs.set({ queue: queue.name, state }, count);
      }
    }
    const { account: _, ...before } = this.#conditions;
    const submissions = this.#jobs[this.#queues.submit.name];
    const backlog = RUNNABLE_STATES.reduce((sum, state) => sum + (submissions?.[state] ?? 0), 0);
    this.#conditions = {
      ...before,
      ...(await readStops(this.#queues)),
      at: this.#clock.now(),
      control: this.#control.latest(),
      hasSubmitBacklog: backlog > 0,
    };
    this.#showWaiting();
  }

  #listWaitCauses(): WaitingFor['cause'][] {
    return [...listWaitCauses(this.#conditions), ...(this.#isProviderAway ? (['provider'] as const) : [])];
  }

  #showWaiting(): void {
    const causes = this.#listWaitCauses();
    for (const cause of WAIT_CAUSES) this.#metrics.waiting.set({ cause }, causes.includes(cause) ? 1 : 0);
  }
}
