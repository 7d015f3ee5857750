import type { Delivery } from '../intake/delivery.ts';
import type { Flatness } from '../intake/memory.ts';
import type { Rates } from '../intake/rates.ts';
import type { IntakeResult } from '../scenarios/intake.ts';
import type { Spread } from '../stats.ts';
import { megabytes, number, table } from './table.ts';

export const reportIntake = ({ rates, memory, delivery }: IntakeResult): string =>
  [reportRates(rates), reportFlatness(memory), reportDelivery(delivery)].join('\n\n');

function reportRates({ renders, rounds, at_once, rows }: Rates): string {
  const lines = rows.map(({ name, per_second, of_raw_bulk, cpu_us }) => [
    name,
    ranged(per_second),
    ranged(of_raw_bulk),
    number(cpu_us?.median),
  ]);
  return `Intake: ${number(renders)} renders a call, single calls ${at_once} at a time, median (lowest-highest) of ${rounds} rounds
${table(['', 'renders/s', 'of addBulk', 'CPU us'], lines)}
CPU is per render, of the process that adds. Of the chunks that were tried, addBulk alone is told with its best.`;
}

function reportFlatness({ skipped, rows, growth_held, growth_rss }: Flatness): string {
  const title = 'Memory of the producer during one streamed bulk call, a fresh process each';
  if (skipped) return `${title}\nnot measured: ${skipped}`;
  const head = ['renders', 'body', 'held, idle', 'held, most', 'RSS, idle', 'RSS, peak', 'at each tenth, MB'];
  const lines = rows.map((row) => [
    number(row.renders),
    ...[row.body_bytes, row.idle_held, row.most_held, row.idle_rss, row.peak_rss].map(megabytes),
    row.curve.map((rss) => Math.round(rss / 1e6)).join(' '),
  ]);
  return `${title}
${table(head, lines)}
The largest call over the smallest: held ${number(growth_held)}, RSS ${number(growth_rss)}.`;
}

function reportDelivery({ at_once, rows }: Delivery): string {
  const lines = rows.map(({ name, renders, median_ms, p95_ms, max_ms }) => [
    name,
    String(renders),
    number(median_ms),
    number(p95_ms),
    number(max_ms),
  ]);
  return `Delivery: ms from a job's completion to its caller knowing, ${at_once} callers at a time
${table(['', 'renders', 'median', 'p95', 'highest'], lines)}`;
}

const ranged = ({ median, min, max }: Spread) => `${number(median)} (${number(min)}-${number(max)})`;
