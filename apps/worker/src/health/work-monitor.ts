import type { Queues } from '@darkroom/shared/queues';
import type { Clock, Logger } from '@darkroom/shared/runtime';
import type { Metrics } from '../stage/metrics.ts';

/** How a worker is doing. `alive` is about this process, `ready` about what it stands on. */
export interface WorkReport {
  alive: boolean;
  ready: boolean;
  /** Why not, in plain words. */
  reason?: string;
  /** Milliseconds since the last step of any job began or ended here. */
  idleMs: number;
  jobs: Record<string, Record<string, number>>;
}

const BEAT_MS = 5_000;
const STUCK_AFTER_MS = 90_000;
const WATCHED = ['render', 'submit', 'store', 'deadLetter', 'webhook', 'webhookDeadLetter'] as const;
const RUNNABLE = ['waiting', 'prioritized'];

/**
 * Watches whether work moves. A PING that is answered proves nothing: what counts is that jobs which could run
 * are being run.
 */
export class WorkMonitor {
  readonly #queues: Queues;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #lastStep: number;
  #jobs: WorkReport['jobs'] = {};
  #engineAway: string | undefined = 'not asked yet';
  #submissionsPaused = false;

  constructor(deps: { queues: Queues; clock: Clock; metrics: Metrics; log: Logger }) {
    this.#queues = deps.queues;
    this.#clock = deps.clock;
    this.#metrics = deps.metrics;
    this.#log = deps.log;
    this.#lastStep = deps.clock.now();
    this.#loop = this.#beat();
  }

  /** A step of a job began or ended. */
  noteActivity(): void {
    this.#lastStep = this.#clock.now();
  }

  /** Renders whose task is at the provider, as of the last beat. */
  inFlight(): number {
    return this.#jobs.render?.delayed ?? 0;
  }

  report(): WorkReport {
    const idleMs = this.#clock.now() - this.#lastStep;
    const base = { idleMs, jobs: this.#jobs };
    if (this.#engineAway)
      return { ...base, alive: true, ready: false, reason: `queue engine: ${this.#engineAway}` };
    const stuck = idleMs > STUCK_AFTER_MS && this.#runnable() > 0;
    return stuck
      ? { ...base, alive: false, ready: false, reason: `${this.#runnable()} jobs could run and none does` }
      : { ...base, alive: true, ready: true };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  #runnable(): number {
    const count = (queue: string) =>
      RUNNABLE.reduce((sum, state) => sum + (this.#jobs[queue]?.[state] ?? 0), 0);
    return (
      count('render') + count('store') + count('webhook') + (this.#submissionsPaused ? 0 : count('submit'))
    );
  }

  async #beat(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#look();
        this.#engineAway = undefined;
      } catch (error) {
        if (!this.#stop.signal.aborted) {
          this.#engineAway = error instanceof Error ? error.message : String(error);
          this.#log.warn({ err: this.#engineAway }, 'queue engine does not answer');
        }
      }
      await this.#clock.sleep(BEAT_MS, this.#stop.signal).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    for (const name of WATCHED) {
      const counts = await this.#queues[name].getJobCounts();
      this.#jobs[this.#queues[name].name] = counts;
      for (const [state, count] of Object.entries(counts)) {
        this.#metrics.queueJobs.set({ queue: this.#queues[name].name, state }, count);
      }
    }
    this.#submissionsPaused = await this.#queues.submit.isPaused();
  }
}
