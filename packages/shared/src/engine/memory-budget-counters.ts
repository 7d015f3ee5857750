import type {
  BudgetCounters,
  BudgetMove,
  CountedDays,
  CountedPurchase,
  Reservation,
} from './budget-counters.ts';

interface Sums {
  isReady: boolean;
  sums: Map<string, number>;
  /** By day. A released purchase has 0. */
  purchases: Map<string, Map<string, number>>;
}

/** {@link BudgetCounters} in this process. They are empty after a restart, so they are imported again. */
export function createMemoryBudgetCounters(): BudgetCounters {
  const generations = new Map<string, Sums>();
  const find = (name: string): Sums => {
    let found = generations.get(name);
    if (!found) generations.set(name, (found = { isReady: false, sums: new Map(), purchases: new Map() }));
    return found;
  };

  const apply = (
    state: Sums,
    days: CountedDays,
    move: BudgetMove,
    purchase: CountedPurchase,
  ): Reservation => {
    const { id, micros, budgets } = purchase;
    for (const day of state.purchases.keys()) if (day < days.dayBefore) state.purchases.delete(day);
    const ofDay = state.purchases.get(days.day) ?? new Map<string, number>();
    state.purchases.set(days.day, ofDay);
    const isToday = ofDay.has(id);
    const known = ofDay.get(id) ?? state.purchases.get(days.dayBefore)?.get(id);
    const add = (name: string, amount: number) => state.sums.set(name, (state.sums.get(name) ?? 0) + amount);
    if (move === 'release') {
      if (known !== undefined && known > 0)
        for (const { sum, sumBefore } of budgets) add(isToday ? sum : sumBefore, -known);
      const place = known === undefined || isToday ? ofDay : state.purchases.get(days.dayBefore);
      place?.set(id, 0);
      return { kind: 'reserved' };
    }
    if (known !== undefined && (known > 0 || move === 'import')) return { kind: 'reserved' };
    if (move === 'reserve') {
      const index = budgets.findIndex(
        ({ sum, limitMicros }) => (state.sums.get(sum) ?? 0) + micros > limitMicros,
      );
      if (index >= 0) return { kind: 'over', index };
    }
    for (const { sum } of budgets) add(sum, micros);
    ofDay.set(id, micros);
    return { kind: 'reserved' };
  };

  return {
    reserve: async (generation, days, purchase) => {
      const state = find(generation);
      return state.isReady ? apply(state, days, 'reserve', purchase) : { kind: 'not_ready' };
    },
    move: async (generation, days, move, purchases) => {
      const state = find(generation);
      for (const purchase of purchases) apply(state, days, move, purchase);
    },
    isReady: async (generation) => find(generation).isReady,
    markReady: async (generation) => {
      find(generation).isReady = true;
    },
    listPurchases: async (generation, day) => new Map(find(generation).purchases.get(day)),
    reset: async (generation) => {
      generations.delete(generation);
    },
    readSums: async (generation, names) => names.map((name) => find(generation).sums.get(name) ?? 0),
  };
}
