const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `90m`, `36h` or `7d`. @returns milliseconds, or `undefined` for another text */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  return count && unit ? Number(count) * UNITS[unit as keyof typeof UNITS] : undefined;
}
