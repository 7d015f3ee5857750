import {
  type Delivery,
  type MemoryGrowth,
  measureDelivery,
  measureMemory,
  measureRates,
  type Rates,
} from '../intake/index.ts';
import type { Scenario } from '../scenario.ts';
import { formatMegabytes, formatNumber, formatSpread, formatTable } from '../table.ts';

export interface IntakeResult {
  rates: Rates;
  memory: MemoryGrowth;
  delivery: Delivery;
}

/** The producer: how fast it accepts renders, how much memory a long call uses, how soon a caller learns of the end. */
export const intake: Scenario<IntakeResult> = {
  name: 'intake',
  report: reportIntake,
  run: async (workspace, size) => ({
    rates: await measureRates(workspace, size),
    memory: await measureMemory(workspace, size),
    delivery: await measureDelivery(workspace, size),
  }),
};

function reportIntake({ rates, memory, delivery }: IntakeResult): string {
  return [reportRates(rates), reportMemoryGrowth(memory), reportDelivery(delivery)].join('\n\n');
}

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
