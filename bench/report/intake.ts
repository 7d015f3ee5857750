import type { Delivery } from '../intake/delivery.ts';
import type { MemoryGrowth } from '../intake/memory.ts';
import type { Rates } from '../intake/rates.ts';
import type { IntakeResult } from '../scenarios/intake.ts';
import type { Spread } from '../stats.ts';
import { formatMegabytes, formatNumber, formatTable } from './table.ts';

export const reportIntake = ({ rates, memory, delivery }: IntakeResult): string =>
  [reportRates(rates), reportMemoryGrowth(memory), reportDelivery(delivery)].join('\n\n');

function reportRates({ renders, rounds, at_once, rows }: Rates): string {
  const lines = rows.map(({ name, per_second, of_raw_bulk, cpu_us }) => [
    name,
    formatSpread(per_second),
    formatSpread(of_raw_bulk),
    formatNumber(cpu_us?.median),
  ]);
  return `Intake: ${formatNumber(renders)} renders a call, single calls ${at_once} at a time, median (lowest-highest) of ${rounds} rounds
${formatTable(['', 'renders/s', 'of addBulk', 'CPU us'], lines)}
CPU time is per render, of the process that adds. The row of addBulk shows the fastest of the measured chunk sizes.`;
}

function reportMemoryGrowth({ skipped, rows, growth_held, growth_rss }: MemoryGrowth): string {
  const title = 'Memory of the producer during one streamed bulk call, a fresh process each';
  if (skipped) return `${title}\nnot measured: ${skipped}`;
  const head = ['renders', 'body', 'held, idle', 'held, most', 'RSS, idle', 'RSS, peak', 'at each tenth, MB'];
  const lines = rows.map((row) => [
    formatNumber(row.renders),
    ...[row.body_bytes, row.idle_held, row.most_held, row.idle_rss, row.peak_rss].map(formatMegabytes),
    row.curve.map((rss) => Math.round(rss / 1e6)).join(' '),
  ]);
  return `${title}
${formatTable(head, lines)}
The largest call over the smallest: held ${formatNumber(growth_held)}, RSS ${formatNumber(growth_rss)}.`;
}

function reportDelivery({ at_once, rows }: Delivery): string {
  const lines = rows.map(({ name, renders, median_ms, p95_ms, max_ms }) => [
    name,
    String(renders),
    formatNumber(median_ms),
    formatNumber(p95_ms),
    formatNumber(max_ms),
  ]);
  return `Delivery: ms from a job's completion to its caller knowing, ${at_once} callers at a time
${formatTable(['', 'renders', 'median', 'p95', 'highest'], lines)}`;
}

const formatSpread = ({ median, min, max }: Spread) =>
  `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`;
