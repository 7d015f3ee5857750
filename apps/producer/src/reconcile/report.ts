import { RECONCILE_DOUBT_TEXTS, type ReconcileResponse } from '@darkroom/api';
import { formatDollars } from '@darkroom/shared/snapshot';
import pMap from 'p-map';
import { canStatePurchase } from '../renders/index.ts';
import type { Window } from './choose-readings.ts';
import type { Books, Judgement, UnknownPurchase } from './judge.ts';
import type { ProvenOutcome, ResolveDeps } from './resolve-unknown.ts';

const MAX_UNKNOWN = 1_000;
const PARALLEL = 16;

export interface ReportFacts {
  id: string;
  /** Unix milliseconds. */
  now: number;
  actor: string;
  period: { from: string; to: string };
  window: Window;
  topUpsMicros: number;
  books: Books;
  judgement: Judgement;
  /** By render id and attempt. */
  resolved: ReadonlyMap<string, ProvenOutcome>;
}

/** The report as the API returns it. */
export async function createReport(deps: ResolveDeps, facts: ReportFacts): Promise<ReconcileResponse> {
  const { id, now, actor, period, window, topUpsMicros, books, judgement, resolved } = facts;
  const toReading = ({ at, micros }: { at: number; micros: number }) => ({
    at: new Date(at).toISOString(),
    balance: formatSigned(micros),
  });
  const listed = books.unknown.slice(0, MAX_UNKNOWN);
  return {
    object: 'reconciliation',
    id,
    created_at: new Date(now).toISOString(),
    actor,
    from: period.from,
    to: period.to,
    before: toReading(window.before),
    after: toReading(window.after),
    top_ups: formatDollars(topUpsMicros),
    charged: formatDollars(books.chargedMicros),
    refunded: formatDollars(books.refundedMicros),
    possibly_spent: formatDollars(judgement.unknownMicros),
    expected: formatSigned(judgement.expectedMicros),
    actual: formatSigned(judgement.actualMicros),
    remainder: formatSigned(judgement.remainderMicros),
    result: judgement.result,
    doubts: judgement.doubts.map(({ kind, purchases }) => ({
      code: kind,
      purchases,
      message: RECONCILE_DOUBT_TEXTS[kind],
    })),
    resolved: resolved.size,
    unknown: await pMap(listed, (one) => describeUnknown(deps, one, resolved), { concurrency: PARALLEL }),
    more_unknown: books.unknown.length - listed.length,
    currency: 'USD',
  };
}

async function describeUnknown(
  { lookup }: ResolveDeps,
  { renderId, tenant, attempt, micros, claimedAt }: UnknownPurchase,
  resolved: ReadonlyMap<string, ProvenOutcome>,
): Promise<ReconcileResponse['unknown'][number]> {
  const outcome = resolved.get(`${renderId}.${attempt}`) ?? null;
  const isOpen = outcome === null && (await canStatePurchase(lookup, renderId, attempt));
  return {
    render_id: renderId,
    tenant,
    attempt,
    price: formatDollars(micros),
    claimed_at: new Date(claimedAt).toISOString(),
    resolved: outcome,
    command: isOpen ? `darkroom renders resolve ${renderId}` : null,
  };
}

const formatSigned = (micros: number) => `${micros < 0 ? '-' : ''}${formatDollars(Math.abs(micros))}`;
