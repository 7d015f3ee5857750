import type { ReconcileDoubt, ReconcileResult } from '@darkroom/api';

/** A purchase of which it is not known whether the provider charged it. */
export interface UnknownPurchase {
  renderId: string;
  tenant: string;
  attempt: number;
  micros: number;
  /** Unix milliseconds: when a worker was about to send it. */
  claimedAt: number;
}

/** What the books say about the time between two readings of the balance. */
export interface Books {
  /** Purchases that the provider accepted, also those that it refunded later. */
  chargedMicros: number;
  refundedMicros: number;
  unknown: UnknownPurchase[];
  /** Why the books of this time are not exact, with the number of purchases. */
  doubts: Map<ReconcileDoubt, number>;
}

/** What two readings of the balance say, in micro-dollars. */
export interface BalanceChange {
  beforeMicros: number;
  afterMicros: number;
  topUpsMicros: number;
  /** The sum of all rises between readings that follow each other. */
  risenMicros: number;
  /** Whether the balance did not move shortly before and after the reading. */
  isBeforeQuiet: boolean;
  isAfterQuiet: boolean;
}

export interface Judgement {
  expectedMicros: number;
  actualMicros: number;
  /** What the books without the unknown purchases do not explain. */
  remainderMicros: number;
  unknownMicros: number;
  result: ReconcileResult;
  doubts: { kind: ReconcileDoubt; purchases: number }[];
}

/**
 * Compares the books with the balance. It proves something only if no other explanation is left: the balance did not move
 * at both edges, each movement of the books is certainly inside or outside, and the remainder is exactly nothing or
 * exactly all unknown purchases. Pure.
 *
 * That no unknown purchase was bought follows from a balance that did not move any further. So the balance must have shown
 * that it moves: with a purchase of the books in the same time.
 */
export function judge(books: Books, change: BalanceChange): Judgement {
  const { chargedMicros, refundedMicros, unknown } = books;
  const { beforeMicros, afterMicros, topUpsMicros, risenMicros } = change;
  const expectedMicros = chargedMicros - refundedMicros;
  const actualMicros = beforeMicros - afterMicros + topUpsMicros;
  const remainderMicros = actualMicros - expectedMicros;
  const unknownMicros = unknown.reduce((sum, { micros }) => sum + micros, 0);
  const doubts = new Map(books.doubts);
  if (!change.isBeforeQuiet) doubts.set('edge_before', 0);
  if (!change.isAfterQuiet) doubts.set('edge_after', 0);
  if (risenMicros > refundedMicros + topUpsMicros) doubts.set('top_up', 0);
  // Without a price, all and none would look the same.
  const unpriced = unknown.filter(({ micros }) => !(micros > 0)).length;
  if (unpriced > 0) doubts.set('price', unpriced);
  if (unknown.length > 0 && remainderMicros === 0 && expectedMicros === 0) doubts.set('nothing_moved', 0);
  return {
    expectedMicros,
    actualMicros,
    remainderMicros,
    unknownMicros,
    result: findResult(remainderMicros, unknownMicros, unknown.length, doubts.size),
    doubts: [...doubts].map(([kind, purchases]) => ({ kind, purchases })),
  };
}

function findResult(
  remainder: number,
  unknownMicros: number,
  unknown: number,
  doubts: number,
): ReconcileResult {
  if (unknown === 0) return remainder === 0 ? 'balanced' : 'unexplained';
  if (doubts > 0) return 'unproven';
  if (remainder === 0) return 'none_bought';
  return remainder === unknownMicros ? 'all_bought' : 'unproven';
}
