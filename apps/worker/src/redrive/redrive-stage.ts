import { isStoreAway } from '@darkroom/shared/object-store';
import type { RedriveJob } from '@darkroom/shared/queues';
import {
  countMarks,
  countRunning,
  mergeMarks,
  NO_COUNTS,
  PART_RENDERS,
  type PartMarks,
  type PlanItem,
  type RedriveRecord,
  type RedriveStore,
  readMark,
  SKIP_MARK,
  sumCounts,
} from '@darkroom/shared/redrives';
import { errorMessage } from '@darkroom/shared/runtime';
import { formatDollars } from '@darkroom/shared/snapshot';
import pMap from 'p-map';
import {
  type FailedRenders,
  type Infra,
  mustHandBack,
  type StageJob,
  type StageOutcome,
} from '../stage/index.ts';
import { checkEnds } from './check-ends.ts';
import { createEnd, endRedrive } from './end-redrive.ts';
import { advancePace, countDue, type Pace, updatePace } from './pace.ts';
import { findSkipReason, priceOf, startRender } from './start-renders.ts';

export interface RedriveStageDeps extends Pick<Infra, 'clock' | 'log' | 'scrub' | 'ledger' | 'metrics'> {
  redrives: RedriveStore;
  renders: FailedRenders;
  /** Whether the queue may lack renders at the moment. */
  isIncomplete(): Promise<boolean>;
}

/** How often an operator's wish is read, and renders that ended are searched. */
const CHECK_EVERY_MS = 500;
/** How long a redrive waits that starts nothing: it is paused, or waits for the ends of its renders. */
const WAIT_MS = 1_000;
const AWAY_MS = 2_000;
/** Renders that are read or started at the same time. */
const PARALLEL = 25;

/**
 * Executes a plan: starts its renders at the pace of the redrive, and counts how they end. The marks of the present part
 * are in the job before a render is started, so that a run that follows a killed one starts no render twice.
 */
export async function redriveStage(
  job: StageJob<RedriveJob>,
  deps: RedriveStageDeps,
): Promise<StageOutcome<void, RedriveJob>> {
  const { log } = deps;
  const run = new RedriveRun(job, deps);
  try {
    return await run.run();
  } catch (error) {
    if (job.signal.aborted || mustHandBack(error)) throw error;
    if (isStoreAway(error)) {
      log.warn({ redrive: job.id, err: error.message }, 'store away: the redrive waits');
      return { kind: 'wait', afterMs: AWAY_MS, data: run.data };
    }
    log.error({ redrive: job.id, err: error, alert: true }, 'redrive stopped: unexpected error');
    await run.endWithError(error);
    return { kind: 'done', value: undefined };
  }
}

/** The renders that ended or were skipped, in percent. */
export function computeRedriveProgress({ counts, total }: RedriveJob): number {
  const [, done, skipped, failed] = sumCounts(counts);
  return total === 0 ? 100 : Math.floor((100 * (done + skipped + failed)) / total);
}

class RedriveRun {
  data: RedriveJob;
  readonly #job: StageJob<RedriveJob>;
  readonly #deps: RedriveStageDeps;
  /** The renders of the present part, and the marks of this part. */
  #items: PlanItem[] = [];
  #failures: PartMarks['failures'] = {};
  #pace: Pace = { nextAt: 0, debtMs: 0 };
  #lastCheck = 0;

  constructor(job: StageJob<RedriveJob>, deps: RedriveStageDeps) {
    this.#job = job;
    this.#deps = deps;
    this.data = job.data;
  }

  async run(): Promise<StageOutcome<void, RedriveJob>> {
    const { clock, redrives, isIncomplete } = this.#deps;
    const { signal } = this.#job;
    const { key } = this.data;
    if (await redrives.readEnd(key, { signal })) return { kind: 'done', value: undefined };
    if (await isIncomplete()) return { kind: 'wait', afterMs: AWAY_MS, data: this.data };
    const record = await redrives.readRecord(key, { signal });
    if (!record) throw new Error(`the record of the redrive ${key} is missing in the store`);
    this.data = { startedAt: clock.now(), ...this.data };
    const { nextAt = 0, debtMs = 0 } = this.data;
    this.#pace = { nextAt: Math.max(nextAt, clock.now()), debtMs };
    await this.#openPart(record);
    for (;;) {
      signal.throwIfAborted();
      await this.#readControl();
      const isStarting = !this.data.paused && !this.data.stop && this.#hasMore();
      if (isStarting) {
        if (await this.#startDue(record)) continue;
      }
      await this.#checkOnePart(record);
      if (!isStarting && !this.data.paused && this.#isOver()) return await this.#end();
      if (!isStarting || !this.#hasMore()) return { kind: 'wait', afterMs: WAIT_MS, data: this.data };
      await this.#sleepUntilDue();
    }
  }

  /** An unexpected error, such as a part of the plan that is missing in the store: an operator makes a new plan. */
  async endWithError(error: unknown): Promise<void> {
    const { redrives, clock, metrics } = this.#deps;
    const reason = `unexpected error: ${this.#deps.scrub(errorMessage(error))}`;
    const data: RedriveJob = { ...this.data, stop: { kind: 'error', reason } };
    await redrives.writeEnd(data.key, createEnd(data, clock.now()), { signal: this.#job.signal });
    metrics.redrives.inc({ outcome: 'stopped' });
  }

  /** Reads the present part, and finishes what a killed run was about to start. */
  async #openPart(record: RedriveRecord): Promise<void> {
    const { redrives } = this.#deps;
    const { signal } = this.#job;
    const { key, part, total } = this.data;
    if (part * PART_RENDERS >= total) {
      this.#items = [];
      return;
    }
    this.#items = await redrives.readPlanPart(key, part, { signal });
    const stored = await redrives.readMarks(key, part, { signal });
    this.#failures = stored.failures;
    this.#setMarks(mergeMarks(this.data.marks, stored.marks), record);
    await this.#startPending(record, { isResumed: true });
  }

  #hasMore = () => this.data.part * PART_RENDERS < this.data.total;

  #isOver = () =>
    (this.data.stop !== undefined || !this.#hasMore()) && countRunning(sumCounts(this.data.counts)) === 0;

  #setMarks(marks: string, record: RedriveRecord): void {
    const counts = [...this.data.counts];
    while (counts.length <= this.data.part) counts.push(NO_COUNTS);
    counts[this.data.part] = this.#countPart(marks, this.#items, record);
    this.data = { ...this.data, marks, counts };
  }

  #countPart = (marks: string, items: readonly PlanItem[], record: RedriveRecord) =>
    countMarks(marks, (index) => {
      const item = items[index];
      return item && priceOf(item, record);
    });

  /** @returns whether to go on at once: renders were skipped, or the part is complete. */
  async #startDue(record: RedriveRecord): Promise<boolean> {
    const { clock } = this.#deps;
    const from = this.data.marks.length;
    if (from >= this.#items.length) {
      await this.#finishPart(record);
      return true;
    }
    const now = clock.now();
    const pace = updatePace(this.#pace, now);
    this.#pace = pace;
    const due = countDue(pace, now, record.rate);
    if (due === 0) return false;
    // Skipped renders do not count against the pace.
    const marked = await this.#markDue(record, from, Math.min(due, PARALLEL * 2));
    this.#pace = advancePace(pace, marked, record.rate);
    const { nextAt, debtMs } = this.#pace;
    this.data = { ...this.data, nextAt: Math.ceil(nextAt), debtMs: Math.round(debtMs) };
    await this.#job.save(this.data);
    await this.#startPending(record, { isResumed: false });
    return marked === 0;
  }

  /** Decides about the next renders: skipped, or about to be started. @returns how many are about to be started. */
  async #markDue(record: RedriveRecord, from: number, max: number): Promise<number> {
    const { clock, renders } = this.#deps;
    const items = this.#items.slice(from, from + max);
    const states = await pMap(items, ({ id }) => renders.read(id), { concurrency: PARALLEL });
    const [started, , , , , spend] = sumCounts(this.data.counts);
    let marks = '';
    let count = 0;
    let micros = 0;
    for (const [at, item] of items.entries()) {
      const state = states[at];
      const reason = state && findSkipReason(item, state, { record, now: clock.now() });
      if (reason) {
        marks += SKIP_MARK[reason];
        continue;
      }
      const price = priceOf(item, record) ?? 0;
      if (record.maxJobs !== undefined && started + count + 1 > record.maxJobs) {
        this.#stop('max_jobs', `max_jobs: ${record.maxJobs} renders were started`);
        break;
      }
      if (record.maxSpendMicros !== undefined && spend + micros + price > record.maxSpendMicros) {
        const spent = formatDollars(spend + micros);
        const limit = formatDollars(record.maxSpendMicros);
        this.#stop(
          'max_spend',
          `max_spend: $${spent} of $${limit}, and the next purchase costs $${formatDollars(price)}`,
        );
        break;
      }
      marks += 'p';
      count += 1;
      micros += price;
    }
    this.#setMarks(this.data.marks + marks, record);
    return count;
  }

  #stop(kind: 'max_jobs' | 'max_spend', reason: string): void {
    this.data = { ...this.data, stop: { kind, reason } };
  }

  /**
   * Starts the renders that are marked as about to be started.
   *
   * @param isResumed a killed run marked them, and may have started some of them
   */
  async #startPending(record: RedriveRecord, { isResumed }: { isResumed: boolean }): Promise<void> {
    const { renders, ledger } = this.#deps;
    const { signal } = this.#job;
    const marks = Array.from(this.data.marks);
    const pending = this.#items.flatMap((item, index) =>
      readMark(this.data.marks, index) === 'p' ? [{ item, index }] : [],
    );
    if (pending.length === 0) return;
    await pMap(
      pending,
      async ({ item, index }) => {
        const state = isResumed ? await renders.read(item.id) : undefined;
        const wasStarted = state && (state.kind !== 'failed' || state.ends !== item.end);
        marks[index] = wasStarted ? 's' : await startRender(item, { renders, ledger, record, signal });
      },
      { concurrency: PARALLEL },
    );
    this.#setMarks(marks.join(''), record);
    if (isResumed) await this.#job.save(this.data);
  }

  async #finishPart(record: RedriveRecord): Promise<void> {
    const { redrives } = this.#deps;
    const { key, part, marks } = this.data;
    // The store first: the job forgets these marks.
    await redrives.writeMarks(key, part, { marks, failures: this.#failures }, { signal: this.#job.signal });
    this.data = { ...this.data, part: part + 1, marks: '' };
    await this.#job.save(this.data);
    await this.#openPart(record);
  }

  async #readControl(): Promise<void> {
    const { clock, redrives } = this.#deps;
    if (Math.abs(clock.now() - this.#lastCheck) < CHECK_EVERY_MS) return;
    const control = await redrives.readControl(this.data.key, { signal: this.#job.signal });
    const { paused: _, ...data } = this.data;
    if (control?.wanted === 'cancel' && !data.stop) {
      this.data = {
        ...data,
        stop: { kind: 'canceled', reason: control.reason ?? 'canceled by an operator' },
      };
    } else if (control?.wanted === 'pause' && !data.stop) {
      this.data = { ...data, paused: { reason: control.reason ?? 'paused by an operator' } };
    } else {
      this.data = data;
    }
  }

  /** Looks for ended renders in the present part and in one other, so that a call costs the same for any plan. */
  async #checkOnePart(record: RedriveRecord): Promise<void> {
    const { clock } = this.#deps;
    if (Math.abs(clock.now() - this.#lastCheck) < CHECK_EVERY_MS) return;
    this.#lastCheck = clock.now();
    await this.#checkPresentPart(record);
    const open = this.data.counts.flatMap((counts, part) =>
      part !== this.data.part && countRunning(counts) > 0 ? [part] : [],
    );
    const part = open.find((one) => one >= this.data.nextCheck) ?? open[0];
    if (part !== undefined) await this.#checkEarlierPart(part, record);
    await this.#job.save(this.data);
  }

  async #checkPresentPart(record: RedriveRecord): Promise<void> {
    const { redrives, ...deps } = this.#deps;
    const { signal } = this.#job;
    const { key, part, marks } = this.data;
    if (marks === '') return;
    const found = await checkEnds(this.#items, { marks, failures: this.#failures }, { ...deps, signal });
    this.#failures = found.failures;
    await redrives.writeMarks(key, part, { marks: found.marks, failures: found.failures }, { signal });
    this.#setMarks(found.marks, record);
  }

  async #checkEarlierPart(part: number, record: RedriveRecord): Promise<void> {
    const { redrives, ...deps } = this.#deps;
    const { signal } = this.#job;
    const { key } = this.data;
    const items = await redrives.readPlanPart(key, part, { signal });
    const found = await checkEnds(items, await redrives.readMarks(key, part, { signal }), {
      ...deps,
      signal,
    });
    const { marks, failures } = found;
    if (found.changed) await redrives.writeMarks(key, part, { marks, failures }, { signal });
    const counts = [...this.data.counts];
    counts[part] = this.#countPart(marks, items, record);
    this.data = { ...this.data, counts, nextCheck: part + 1 };
  }

  async #sleepUntilDue(): Promise<void> {
    const { clock } = this.#deps;
    const ms = Math.min(Math.max(5, this.#pace.nextAt - clock.now()), CHECK_EVERY_MS);
    await clock.sleep(ms, this.#job.signal);
  }

  async #end(): Promise<StageOutcome<void, RedriveJob>> {
    const { redrives, clock, log, metrics } = this.#deps;
    const { signal } = this.#job;
    const { key, part, marks } = this.data;
    if (marks !== '') await redrives.writeMarks(key, part, { marks, failures: this.#failures }, { signal });
    await this.#job.save(this.data);
    const end = await endRedrive(this.data, { redrives, now: clock.now(), signal });
    metrics.redrives.inc({ outcome: end.status });
    const { tallies: _, ...report } = end;
    log.info({ redrive: this.#job.id, ...report }, 'redrive ended');
    return { kind: 'done', value: undefined };
  }
}
