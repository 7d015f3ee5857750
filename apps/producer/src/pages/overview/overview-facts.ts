import { type DeadLetterGroup, LIVE_LIMITS, type OverridableName, readShareTenant } from '@darkroom/api';
import { type AuditEntry, listAuditEntries } from '@darkroom/shared/audit';
import {
  findOverride,
  findShare,
  type LimitOverride,
  listOpenPauses,
  type SubmissionPause,
} from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import {
  EXPIRES_SOON_MS,
  type ExpiringImages,
  QUEUE,
  type Queues,
  type Repairs,
  readRepairs,
  type Stops,
} from '@darkroom/shared/queues';
import type { Scrub } from '@darkroom/shared/runtime';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import {
  type LiveControls,
  type ReadShares,
  type ReadSubmitQuota,
  STORE_DEADLINE_MS,
  type TenantLine,
  withFallback,
  withStoreDeadline,
} from '../../backends/index.ts';
import type { OpenAlarm } from '../../catalogue-watch/index.ts';
import { scrubDeep } from '../../dashboard/index.ts';
import {
  type DeadLetterDeps,
  type OpenDeadLetter,
  type ReadExpiringImages,
  summarizeSelected,
} from '../../dead-letters/index.ts';
import type { BacklogForecast } from '../../forecast/index.ts';
import { snapshotOfRenderJob } from '../../lookup/index.ts';
import type { TodaysMoney } from '../../money/index.ts';
import type { RenderReadDeps } from '../../renders/index.ts';
import { listWorkers } from '../../workers/index.ts';
import type { Column } from '../design/index.ts';

export interface OverviewDeps extends RenderReadDeps {
  engine: Engine;
  queues: Queues;
  scrub: Scrub;
  readExpiring: ReadExpiringImages;
  deadLetters: DeadLetterDeps;
  /** The provider's quota. */
  readSubmitQuota: ReadSubmitQuota;
  readShares: ReadShares;
  controls: LiveControls;
  readTodaysMoney(): Promise<TodaysMoney | undefined>;
  /** Open alarms of scheduled catalogues. */
  openAlarms(): readonly OpenAlarm[];
}

/** Renders by what happens to them now. */
export interface WorkCounts {
  queued: number;
  rendering: number;
  storing: number;
  completed: number;
  /** Open dead letters. */
  failed: number;
}

/** Open dead letters with one reason: a group of `GET /v1/dead-letters/summary`. */
export interface ReasonGroup {
  group: DeadLetterGroup;
  /** How many of them have a paid image whose URL expires within two hours. */
  expiringSoon: number;
}

/** Everything that the overview shows. A part that could not be read is absent. Scrubbed. */
export interface OverviewFacts {
  /** Unix milliseconds. */
  now: number;
  work?: WorkCounts;
  /** Renders that wait for their submission, by lane, and when they are complete. */
  backlog?: BacklogForecast;
  /** The tenants that wait in a lane together, with their shares. Absent for a lane in which one waits. */
  sharing: (TenantLine & { share: number })[];
  /** Renders that ended in each of the last minutes, the oldest first. */
  minutes?: Column[];
  submitsPerSecond: number;
  /** Limits that an operator has overridden. */
  overrides: LimitOverride[];
  stops: Stops;
  /** Pauses of submission. */
  submissionPauses: SubmissionPause[];
  isStoreAway: boolean;
  /** Whether renders are restored after a loss of the queue. */
  incomplete: boolean;
  /** The largest groups, and how many more there are. */
  deadLetters?: { groups: ReasonGroup[]; more: number };
  /** Paid images that are not stored and expire within two hours. */
  expiring?: ExpiringImages;
  /** Open alarms of scheduled catalogues. */
  catalogueAlarms: readonly OpenAlarm[];
  /** What sweeps repaired in the last day. */
  repairs?: Repairs;
  /** Workers that take renders. Absent if the engine cannot list them. */
  workers?: number;
  /** Every worker that runs is drained, or drains. */
  isAllDrained: boolean;
  engineWarnings: string[];
  /** The render that waits longest for its turn. */
  oldest?: { renderId: string; createdAt: number };
  /** What the renders that ended today cost. */
  money?: TodaysMoney;
  newest: RenderSnapshot[];
  actions: AuditEntry[];
}

export const CHART_MINUTES = 60;
const NEWEST_IMAGES = 12;
const LAST_ACTIONS = 5;
const MAX_GROUPS = 8;
/** A part that takes longer is left out. */
const DEADLINE_MS = 2_000;
const MINUTE_MS = 60_000;
/** Sweeps run once a minute. */
const REPAIRS_MS = 30_000;

/** Reads the facts at most once per second, for any number of readers. */
export function createOverviewReader(deps: OverviewDeps): () => Promise<OverviewFacts> {
  const now = () => deps.clock.now();
  const readCachedRepairs = cacheFor(REPAIRS_MS, now, async () => (await readRepairs(deps.queues)).repairs);
  return cacheFor(1_000, now, () => readFacts(deps, readCachedRepairs));
}

function cacheFor<T>(ms: number, now: () => number, read: () => Promise<T>): () => Promise<T> {
  let last: { at: number; value: Promise<T> } | undefined;
  return () => {
    if (!last || Math.abs(now() - last.at) >= ms) last = { at: now(), value: read() };
    return last.value;
  };
}

async function readFacts(
  deps: OverviewDeps,
  readCachedRepairs: () => Promise<Repairs>,
): Promise<OverviewFacts> {
  const { queues, engine, clock, scrub, lookup } = deps;
  const now = clock.now();
  const read = <T>(work: Promise<T>) => withFallback<T | undefined>(DEADLINE_MS, work, undefined);
  const [expiring, repairs, money] = await Promise.all([
    read(deps.readExpiring()),
    read(readCachedRepairs()),
    read(deps.readTodaysMoney()),
  ]);
  const waiting = await deps.waiting.read();
  const [
    counts,
    backlog,
    quota,
    minutes,
    incomplete,
    groups,
    workers,
    isAllDrained,
    warnings,
    oldest,
    sharing,
    newest,
    actions,
  ] = await Promise.all([
    read(countWork(queues)),
    read(deps.forecaster.forecastBacklog(waiting)),
    deps.readSubmitQuota(),
    read(readMinutes(deps, now)),
    read(lookup.queueState.isIncomplete()),
    read(groupDeadLetters(deps)),
    read(countWorkers(engine, queues)),
    read(areAllDrained(deps)),
    read(engine.warnings()),
    read(findOldest(deps)),
    read(listSharing(deps)),
    read(lookup.queue.listCompleted(NEWEST_IMAGES)),
    read(listActions(deps)),
  ]);
  const { pauses, account, isStoreAway, control } = waiting;
  const shares = control.limits.map(({ name }) => name).filter((name) => readShareTenant(name) !== undefined);
  const names = [...LIVE_LIMITS, ...(new Set(shares) as Set<OverridableName>)];
  const overrides = names.flatMap((name) => findOverride(control, name, now) ?? []);
  return {
    now,
    ...(counts ? { work: counts } : {}),
    ...(backlog ? { backlog } : {}),
    sharing: sharing ?? [],
    ...(minutes ? { minutes } : {}),
    submitsPerSecond: quota,
    overrides: scrubDeep(scrub, overrides) as LimitOverride[],
    stops: scrubDeep(scrub, { pauses, ...(account ? { account } : {}) }) as Stops,
    submissionPauses: scrubDeep(scrub, listOpenPauses(control, now)) as SubmissionPause[],
    isStoreAway,
    incomplete: incomplete ?? false,
    ...(groups ? { deadLetters: scrubDeep(scrub, groups) as typeof groups } : {}),
    ...(expiring ? { expiring } : {}),
    catalogueAlarms: scrubDeep(scrub, deps.openAlarms()) as readonly OpenAlarm[],
    ...(repairs ? { repairs } : {}),
    ...(workers === undefined ? {} : { workers }),
    isAllDrained: isAllDrained ?? false,
    engineWarnings: warnings ?? [],
    ...(oldest ? { oldest } : {}),
    ...(money ? { money } : {}),
    newest: scrubDeep(scrub, (newest ?? []).map(snapshotOfRenderJob)) as RenderSnapshot[],
    actions: scrubDeep(scrub, actions ?? []) as AuditEntry[],
  };
}

/** A render that waits for a child is in the queue of the child, too. So it is counted there. */
async function countWork({ render, submit, store, deadLetter }: Queues): Promise<WorkCounts> {
  const [renders, submissions, stores, letters] = await Promise.all([
    render.getJobCounts(),
    submit.getJobCounts(),
    store.getJobCounts(),
    deadLetter.getJobCounts(),
  ]);
  const sum = (counts: Record<string, number>, ...states: string[]) =>
    states.reduce((total, state) => total + (counts[state] ?? 0), 0);
  const open = ['prioritized', 'waiting', 'paused', 'delayed', 'active'];
  return {
    queued: sum(renders, 'prioritized', 'waiting', 'paused') + sum(submissions, ...open),
    rendering: sum(renders, 'delayed', 'active'),
    storing: sum(stores, ...open),
    completed: sum(renders, 'completed'),
    failed: sum(letters, ...open),
  };
}

async function readMinutes({ engine }: OverviewDeps, now: number): Promise<Column[]> {
  const present = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  const minutes = Array.from(
    { length: CHART_MINUTES },
    (_, at) => present - (CHART_MINUTES - 1 - at) * MINUTE_MS,
  );
  const [done, dead] = await Promise.all([
    engine.countEnded(QUEUE.render, 'completed', minutes),
    engine.countEnded(QUEUE.render, 'failed', minutes),
  ]);
  return minutes.map((_, at) => ({ done: done[at] ?? 0, dead: dead[at] ?? 0 }));
}

async function groupDeadLetters({ deadLetters: deps, clock }: OverviewDeps) {
  // The overview is for callers of all tenants.
  const summary = await summarizeSelected(deps, ALL_TENANTS, { matches: () => true, groupBy: 'reason' });
  const letters = await deps.readDeadLetters();
  const now = clock.now();
  const isSoon = ({ resultExpiresAt: at }: OpenDeadLetter) =>
    at !== undefined && at > now && at < now + EXPIRES_SOON_MS;
  const soon = new Map<string, number>();
  for (const { reason } of letters.filter(isSoon)) soon.set(reason, (soon.get(reason) ?? 0) + 1);
  const all = summary.groups.map((group) => ({ group, expiringSoon: soon.get(group.key ?? '') ?? 0 }));
  // A paid image that expires soon is urgent, also in a small group.
  const groups = all.filter(({ expiringSoon }, at) => at < MAX_GROUPS || expiringSoon > 0);
  return { groups, more: all.length - groups.length + summary.more_groups };
}

async function countWorkers({ kind }: Engine, { render }: Queues): Promise<number | undefined> {
  // The embedded engine cannot list its workers.
  return kind === 'pglite' ? undefined : await render.getWorkersCount();
}

async function areAllDrained(deps: OverviewDeps): Promise<boolean> {
  const running = (await listWorkers(deps)).filter(({ state }) => state !== 'lost');
  return running.length > 0 && running.every(({ drain }) => drain !== null);
}

/** Of more lines, the others are left out. */
const MAX_LINES = 50;

async function listSharing({ lookup, readShares }: OverviewDeps): Promise<OverviewFacts['sharing']> {
  const lines = await lookup.queue.readTenantLines();
  const shares = readShares();
  return lines
    .filter((line) => lines.some(({ lane, tenant }) => lane === line.lane && tenant !== line.tenant))
    .map((line) => ({ ...line, share: findShare(shares, line.tenant) }));
}

/** The first of each lane and tenant has waited longest in it. */
async function findOldest({ engine, lookup }: OverviewDeps) {
  const firsts = await Promise.all(
    [QUEUE.submit, QUEUE.render].map(async (queue) => {
      const lines = (await engine.countPriorities(queue)).slice(0, MAX_LINES);
      const ids = await engine.readFirstJobs(
        queue,
        lines.map(({ priority }) => ({ priority, count: 1 })),
      );
      return ids.flat().map((id) => id.replace(/\.s\d+$/, ''));
    }),
  );
  const jobs = await Promise.all([...new Set(firsts.flat())].map((id) => lookup.queue.get(id)));
  const waiting = jobs.flatMap((job) =>
    job ? [{ renderId: job.data.renderId, createdAt: job.data.createdAt }] : [],
  );
  return waiting.toSorted((one, other) => one.createdAt - other.createdAt)[0];
}

async function listActions({ store }: OverviewDeps): Promise<AuditEntry[]> {
  const page = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    listAuditEntries(store, { kind: 'all' }, { limit: LAST_ACTIONS, signal }),
  );
  return page.entries;
}
