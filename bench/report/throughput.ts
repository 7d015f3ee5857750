import type { ThroughputResult } from '../scenarios/throughput.ts';
import type { Spread } from '../stats.ts';
import { formatNumber, formatTable } from './table.ts';

export function reportThroughput({ renders, rounds, variants }: ThroughputResult): string {
  const rows = variants.map((variant) => [
    variant.name,
    formatSpread(variant.renders_per_second),
    formatSpread(variant.of_skeleton),
    formatNumber(variant.loop_ms?.median),
    formatNumber(variant.threads_ms?.median),
    formatNumber(variant.redis_ms.median),
  ]);
  const head = ['', 'renders/s', 'of skeleton', 'loop ms', 'threads ms', 'Redis ms'];
  return `Throughput: instant upstream, one poll, ${renders} renders a run (up to ${5 * renders} of the fast ones), median (lowest-highest) of ${rounds} rounds
${formatTable(head, rows)}
Times are CPU per render: the worker's event loop, its other threads, Redis.`;
}

const formatSpread = ({ median, min, max }: Spread) =>
  `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`;
