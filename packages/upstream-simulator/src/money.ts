/** Money in whole micro-dollars, so that sums have no rounding errors. */
export type Micros = number;

export function toMicros(dollars: number): Micros {
  return Math.round(dollars * 1_000_000);
}

export function toDollars(amount: Micros): number {
  return amount / 1_000_000;
}
