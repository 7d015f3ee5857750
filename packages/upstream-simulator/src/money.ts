/** Money is counted in whole micro-dollars: 0.1 + 0.2 has no place in a book. */
export type Micros = number;

export function toMicros(dollars: number): Micros {
  return Math.round(dollars * 1_000_000);
}

export function toDollars(amount: Micros): number {
  return amount / 1_000_000;
}
