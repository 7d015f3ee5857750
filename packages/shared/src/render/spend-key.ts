import { type Cost, type Purchase, sumCost } from './purchases.ts';
import type { Receipt } from './receipt.ts';

/** What a render cost on one day, as the spend index has it. */
export interface SpendEntry extends Cost {
  /** The UTC day of the purchases: `2026-11-26`. */
  day: string;
  tenant: string;
  renderId: string;
  run: string | undefined;
  model: string;
  resolution: string;
  /** Of two entries of a render, the one with the later end counts, and then the one with more known outcomes. */
  finishedAt: number;
  /** A letter per attempt: `u` unknown, `a` accepted, `r` refunded, `-` not bought on this day. At most the first 20. */
  outcomes: string;
}

/** The prefix of {@link listSpendKeys}. */
export const SPEND_PREFIX = 'spend/';

export const utcDay = (time: number) => new Date(time).toISOString().slice(0, 10);

/** The day on which a purchase was made. Of an unknown purchase only the end of its render is known. */
const purchaseDay = ({ acceptedAt }: Purchase, finishedAt: number) => utcDay(acceptedAt ?? finishedAt);

const OUTCOME: Record<Purchase['outcome'], string> = { unknown: 'u', accepted: 'a', refunded: 'r' };
/** A segment of a key has at most 200 characters. */
const MAX_OUTCOMES = 20;

/** A letter per attempt; see {@link SpendEntry}. */
export function encodeOutcomes(purchases: readonly Purchase[]): string {
  const last = Math.max(...purchases.map(({ attempt }) => attempt));
  const letters = Array.from({ length: Math.min(last, MAX_OUTCOMES) }, (_, at) => {
    const purchase = purchases.find(({ attempt }) => attempt === at + 1);
    return purchase ? OUTCOME[purchase.outcome] : '-';
  });
  return letters.join('');
}

// A key must not contain `..`, and `.` separates the fields.
export const encodeField = (text: string) => text.replaceAll('.', '=');
export const decodeField = (text: string) => text.replaceAll('=', '.');
/** No run has this name. */
const NO_RUN = '-';

/**
 * The keys of the empty objects that list what a render cost: one per day on which it was bought. The keys contain all
 * amounts, so a listing of a day is enough for its sums. They are derived from the receipt alone (I6).
 */
export function listSpendKeys(receipt: Receipt): string[] {
  const { renderId, tenant, request, purchases, finishedAt } = receipt;
  const days = [...new Set(purchases.map((purchase) => purchaseDay(purchase, finishedAt)))];
  return days.map((day) => {
    const ofDay = purchases.filter((purchase) => purchaseDay(purchase, finishedAt) === day);
    const { spentMicros, refundedMicros, possiblySpentMicros } = sumCost(ofDay);
    const fields = [
      renderId,
      request.run === undefined ? NO_RUN : encodeField(request.run),
      encodeField(request.model),
      request.resolution,
      finishedAt.toString(36),
      encodeOutcomes(ofDay),
      spentMicros,
      refundedMicros,
      possiblySpentMicros,
    ];
    return `${SPEND_PREFIX}${day}/${tenant}/${fields.join('.')}`;
  });
}

const KEY =
  /^spend\/(\d{4}-\d\d-\d\d)\/([^/]+)\/(rnd_[0-9a-f]{32})\.([^./]+)\.([^./]+)\.([^./]+)\.([0-9a-z]+)\.([uar-]+)\.(\d+)\.(\d+)\.(\d+)$/;

/** Parses a key of the spend index. @returns `undefined` for another key. */
export function readSpendKey(key: string): SpendEntry | undefined {
  const found = KEY.exec(key);
  if (!found) return undefined;
  const [, day = '', tenant = '', renderId = '', run = '', model = '', resolution = '', ended = ''] = found;
  const [spentMicros = 0, refundedMicros = 0, possiblySpentMicros = 0] = found.slice(9).map(Number);
  return {
    day,
    tenant,
    renderId,
    run: run === NO_RUN ? undefined : decodeField(run),
    model: decodeField(model),
    resolution,
    finishedAt: Number.parseInt(ended, 36),
    outcomes: found[8] ?? '',
    spentMicros,
    refundedMicros,
    possiblySpentMicros,
  };
}
