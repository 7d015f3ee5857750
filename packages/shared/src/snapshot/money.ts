/** Micro-dollars as dollars, with three decimals or as many as there are: 25000 → `0.025`. */
export function formatDollars(micros: number): string {
  const whole = Math.trunc(micros / 1_000_000);
  const fraction = String(micros % 1_000_000).padStart(6, '0');
  return `${whole}.${fraction.slice(0, 3)}${fraction.slice(3).replace(/0+$/, '')}`;
}
