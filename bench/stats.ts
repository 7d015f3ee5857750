// Pure: numbers in, numbers out.

/** Median, lowest and highest of some values. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function summarizeSpread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** Rounds every number in a value to four digits, the precision of the measurements. */
export function roundNumbers<T>(value: T): T {
  if (typeof value === 'number') return (Number.isFinite(value) ? Number(value.toPrecision(4)) : null) as T;
  if (Array.isArray(value)) return value.map(roundNumbers) as T;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, roundNumbers(part)])) as T;
}
