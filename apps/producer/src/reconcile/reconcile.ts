import { type ReconcileRequest, type ReconcileResponse } from '@darkroom/api';
import {
  type BalanceReading,
  listBalanceReadings,
  nameAccount,
  toBalanceMicros,
  writeBalanceReading,
} from '@darkroom/shared/balance';
import type { Settings } from '@darkroom/shared/config';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { randomHex, utcDay } from '@darkroom/shared/render';
import type { Clock, Logger } from '@darkroom/shared/runtime';
import { parseDollars } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import { withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import { chooseWindow, describeChange, type Window } from './choose-readings.ts';
import { judge } from './judge.ts';
import { type BooksDeps, readBooks } from './read-books.ts';
import { createReport } from './report.ts';
import { createReportId, writeReport } from './report-store.ts';
import { type ResolveDeps, resolveUnknown } from './resolve-unknown.ts';

export interface ReconcileDeps extends BooksDeps, ResolveDeps {
  settings: Pick<
    Settings,
    'RECONCILE_RESOLVE' | 'SUBMIT_TIMEOUT_MS' | 'UNKNOWN_GRACE_MS' | 'TOAPIS_BASE_URL' | 'TOAPIS_API_KEY'
  >;
  /** The provider's balance in dollars. `undefined`: it has no limit, or the provider does not say it. */
  readBalance(): Promise<number | undefined>;
  clock: Clock;
  logger: Logger;
  auditor: Auditor;
}

/** UTC days, both inclusive. */
export interface ReconcilePeriod {
  from: string;
  to: string;
}

const DAY_MS = 86_400_000;
/** Reads near an edge are one object each. */
const DEADLINE_MS = 300_000;
/** How far the clocks of the machines differ, and how late a balance may show a purchase. */
const SLACK_MS = 30_000;

/**
 * Compares the books of a period with the provider's balance before and after it, and resolves the unknown purchases if the
 * caller wants it and the difference proves what became of all of them.
 *
 * @throws {ProblemError} `no_balance_readings`.
 */
export async function reconcile(
  deps: ReconcileDeps,
  request: FastifyRequest,
  period: ReconcilePeriod,
  { top_ups: topUps = '0', resolve }: Pick<ReconcileRequest, 'top_ups' | 'resolve'>,
): Promise<ReconcileResponse> {
  const { clock, settings, store } = deps;
  const edgeMs = settings.SUBMIT_TIMEOUT_MS + SLACK_MS;
  const inStore = <T>(work: (signal: AbortSignal) => Promise<T>) => withStoreDeadline(DEADLINE_MS, work);
  if (period.to === utcDay(clock.now())) await readBalanceNow(deps);
  const now = clock.now();
  const readings = await inStore((signal) => listReadings(deps, period, now, signal));
  const edges = { from: Date.parse(period.from), to: Math.min(Date.parse(period.to) + DAY_MS - 1, now) };
  const window = chooseWindow(readings, edges, { edgeMs, now });
  if (!window) throw noReadings();
  const topUpsMicros = parseDollars(topUps);
  const change = describeChange(readings, window, { topUpsMicros, edgeMs, now });
  const books = await inStore((signal) =>
    readBooks(deps, toBooksWindow(window, { now, edgeMs, graceMs: settings.UNKNOWN_GRACE_MS }), signal),
  );
  const judgement = judge(books, change);
  const isResolving = resolve ?? settings.RECONCILE_RESOLVE === 'on';
  const id = createReportId(now, randomHex(4));
  const resolved = isResolving
    ? await resolveUnknown(deps, request, { id, result: judgement.result, unknown: books.unknown })
    : new Map();
  const report = await createReport(deps, {
    id,
    now,
    actor: describeCaller(request.caller),
    period,
    window,
    topUpsMicros,
    books,
    judgement,
    resolved,
  });
  await inStore((signal) => writeReport(store, report, signal));
  await deps.auditor.record(request, {
    action: 'money.reconcile',
    target: { kind: 'reconciliation', id },
    tenant: '*',
    after: {
      from: period.from,
      to: period.to,
      result: report.result,
      remainder: report.remainder,
      resolved: report.resolved,
    },
  });
  return report;
}

const toBooksWindow = (
  { before, after }: Window,
  rest: { now: number; edgeMs: number; graceMs: number },
) => ({ from: before.at, to: after.at, ...rest });

const noReadings = () =>
  new ProblemError(
    'no_balance_readings',
    "There are no two readings of the provider's balance in this period.",
  );

/** A period that lasts until now needs the balance of now. A provider that is away is no error: older readings stay. */
async function readBalanceNow({ readBalance, store, settings, clock, logger }: ReconcileDeps): Promise<void> {
  const dollars = await readBalance();
  if (dollars === undefined) {
    logger.warn('reconcile: the provider does not say its balance, the last reading is used');
    return;
  }
  const reading: BalanceReading = {
    at: clock.now(),
    micros: toBalanceMicros(dollars),
    account: nameAccount(settings),
  };
  await withStoreDeadline(DEADLINE_MS, (signal) => writeBalanceReading(store, reading, signal));
}

/** The readings of this account from the day before the period until the day after it. */
async function listReadings(
  { store, settings }: { store: ObjectStore; settings: ReconcileDeps['settings'] },
  { from, to }: ReconcilePeriod,
  now: number,
  signal: AbortSignal,
): Promise<BalanceReading[]> {
  const account = nameAccount(settings);
  const last = Math.min(Date.parse(to) + DAY_MS, now);
  const found: BalanceReading[] = [];
  for (let at = Date.parse(from) - DAY_MS; at <= last; at += DAY_MS)
    found.push(...(await listBalanceReadings(store, utcDay(at), signal)));
  return found.filter((reading) => reading.account === account);
}
