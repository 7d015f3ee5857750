/** One budget as a counter sees it. The names of its sums are per period, such as `night@2026-11-26`. */
export interface CountedBudget {
  /** The sum of the day on which the purchase is counted. */
  sum: string;
  /** The sum of the day before, where the purchase may be counted already. */
  sumBefore: string;
  limitMicros: number;
}

/** One purchase as a counter sees it. */
export interface CountedPurchase {
  /** Render id and attempt: claims of one attempt share it, because only one of them can buy. */
  id: string;
  micros: number;
  /** All budgets that it counts against. */
  budgets: CountedBudget[];
}

/**
 * What to do with purchases:
 * - `reserve`: count it, unless that exceeds a limit. A purchase that is counted already stays counted, once.
 * - `count`: count it, whatever the limits are: it was bought.
 * - `import`: as `count`, but a purchase that was released stays released.
 * - `release`: do not count it any more.
 */
export type BudgetMove = 'reserve' | 'count' | 'import' | 'release';

/** `not_ready`: the sums are not complete yet. `over`: the index of the first budget without enough left. */
export type Reservation = { kind: 'reserved' } | { kind: 'not_ready' } | { kind: 'over'; index: number };

/** The days on which a purchase can be counted, as `2026-11-26`. */
export interface CountedDays {
  day: string;
  dayBefore: string;
}

/**
 * Sums of purchases for hard limits: in Redis for all processes of a deployment, in this process for the embedded engine.
 * Each move of a purchase is one atomic step over all its budgets, and may be repeated (I6). `generation` names the set of
 * budgets: another set has sums of its own, which must be imported first.
 *
 * Every method rejects with EngineError `unavailable` when the engine is away.
 */
export interface BudgetCounters {
  reserve(generation: string, days: CountedDays, purchase: CountedPurchase): Promise<Reservation>;
  /** Moves many purchases. Each is atomic, all together are not. */
  move(
    generation: string,
    days: CountedDays,
    move: Exclude<BudgetMove, 'reserve'>,
    purchases: readonly CountedPurchase[],
  ): Promise<void>;
  isReady(generation: string): Promise<boolean>;
  /** The sums are complete: from now on, purchases can be reserved. */
  markReady(generation: string): Promise<void>;
  /** The purchases that are counted on a day, by id, in micro-dollars. A released one has 0. */
  listPurchases(generation: string, day: string): Promise<Map<string, number>>;
  /** Forgets the sums, so that they are imported again. Until then nothing can be reserved. */
  reset(generation: string, days: CountedDays): Promise<void>;
  /** @returns 0 for a sum without a purchase */
  readSums(generation: string, names: readonly string[]): Promise<number[]>;
}
