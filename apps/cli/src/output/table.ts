import { measure } from './style.ts';

/** Aligns rows in columns: the first row is the head. Without rows, returns `empty`. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  empty: string,
): string {
  if (rows.length === 0) return `${empty}\n`;
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => measure(row[column] ?? ''))));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Aligns names and values. Leaves out values that are undefined. */
export function formatFacts(facts: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${pad(name, width)}  ${value}\n`).join('');
}

const pad = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - measure(text)));
