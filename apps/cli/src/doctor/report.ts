import type { Style } from '../output/index.ts';
import type { Check, CheckStatus } from './check.ts';

const COLORS: Record<CheckStatus, Parameters<Style>[0]> = { ok: 'green', warn: 'yellow', fail: 'red' };
const INDENT = ' '.repeat(6);

/** The report for people: one line for each check, with its remedy below. */
export function formatReport(checks: readonly Check[], style: Style): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, status, message, remedy, details = [] }) => [
    `${style(COLORS[status], status.padEnd(4))}  ${name.padEnd(width)}  ${message}`,
    ...details.map((detail) => style('dim', `${INDENT}${' '.repeat(width)}  ${detail}`)),
    ...(remedy ? [`${INDENT}${' '.repeat(width)}  → ${remedy}`] : []),
  ]);
  const count = (status: CheckStatus) => checks.filter((check) => check.status === status).length;
  return `${lines.join('\n')}\n\n${count('ok')} ok, ${count('warn')} warn, ${count('fail')} fail\n`;
}
