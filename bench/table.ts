import type { Spread } from './stats.ts';

/** Aligns rows below a head: the first column to the left, numbers to the right. Pure. */
export function formatTable(head: string[], rows: string[][]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** Formats a number for people, with three significant digits. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return value.toLocaleString('en', { maximumFractionDigits: 0 });
  return value.toPrecision(3);
}

export const formatMegabytes = (bytes: number) => `${formatNumber(bytes / 1e6)} MB`;

export const formatSpread = ({ median, min, max }: Spread) =>
  `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`;
