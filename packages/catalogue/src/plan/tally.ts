import type { BuyReason, Decision } from './decide-items.ts';

/** The price of one purchase, in micro-dollars. @returns `undefined` when no price is known */
export type FindPrice = (item: { model: string; resolution: '1K' | '2K' | '4K' }) => number | undefined;

/** One filled prompt of a plan, for people. */
export interface Sample {
  key: string;
  view: string | null;
  name: string;
  prompt: string;
}

/** An item that is not bought again, because its image may be paid for. */
export interface LeftItem {
  key: string;
  view: string | null;
  /** Of its error. */
  code: string;
  render_id: string | null;
}

/** The sums of a plan. */
export interface Tally {
  /** Items that are bought, by reason. */
  buy: Record<BuyReason, number>;
  unchanged: number;
  quarantined: number;
  left: { items: number; listed: LeftItem[] };
  removed: number;
  /** Micro-dollars: if every purchase succeeds at once. */
  priceMicros: number;
  /** `model resolution` of what has no price. */
  unpriced: string[];
  samples: Sample[];
}

const SAMPLES = 3;
/** Items that are listed. All are counted. */
const MAX_LISTED = 100;

/** Sums decisions, one after the other. */
export function createTally(findPrice: FindPrice): { add(decision: Decision): void; read(): Tally } {
  const buy: Tally['buy'] = { new: 0, no_image: 0, changed: 0, rejected: 0 };
  const unpriced = new Set<string>();
  /** The items with the lowest hashes: the same plan shows the same ones, from anywhere in the source. */
  let samples: (Sample & { hash: string })[] = [];
  let unchanged = 0;
  let quarantined = 0;
  const left: Tally['left'] = { items: 0, listed: [] };
  let removed = 0;
  let priceMicros = 0;
  return {
    add(decision) {
      if (decision.kind === 'remove') removed += 1;
      else if (decision.kind === 'keep') unchanged += 1;
      else if (decision.kind === 'quarantine') quarantined += 1;
      else if (decision.kind === 'leave') {
        const { key, view, error, render_id } = decision.previous;
        left.items += 1;
        if (left.listed.length < MAX_LISTED)
          left.listed.push({ key, view, code: error?.code ?? '', render_id });
      } else {
        const { item, reason, hash } = decision;
        buy[reason] += 1;
        const price = findPrice(item);
        if (price === undefined) unpriced.add(`${item.model} ${item.resolution}`);
        else priceMicros += price;
        const last = samples.at(-1);
        if (samples.length === SAMPLES && last && last.hash <= hash) return;
        const { key, view, name, prompt } = item;
        samples = [...samples, { key, view, name, prompt, hash }]
          .sort((a, b) => (a.hash < b.hash ? -1 : 1))
          .slice(0, SAMPLES);
      }
    },
    read: () => ({
      buy,
      unchanged,
      quarantined,
      left,
      removed,
      priceMicros,
      unpriced: [...unpriced].sort(),
      samples: samples.map(({ hash: _hash, ...sample }) => sample),
    }),
  };
}
