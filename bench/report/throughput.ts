import type { ThroughputResult } from '../scenarios/throughput.ts';
import type { Spread } from '../stats.ts';
import { number, table } from './table.ts';

export function reportThroughput({ renders, rounds, variants }: ThroughputResult): string {
  const rows = variants.map((variant) => [
    variant.name,
    ranged(variant.renders_per_second),
    ranged(variant.of_skeleton),
    number(variant.loop_ms?.median),
    number(variant.threads_ms?.median),
    number(variant.redis_ms.median),
  ]);
  const head = ['', 'renders/s', 'of skeleton', 'loop ms', 'threads ms', 'Redis ms'];
  return `Throughput: instant upstream, one look, ${renders} renders a run (up to ${5 * renders} of the fast ones), median (lowest-highest) of ${rounds} rounds
${table(head, rows)}
Times are CPU per render: the worker's event loop, its other threads, Redis.`;
}

const ranged = ({ median, min, max }: Spread) => `${number(median)} (${number(min)}-${number(max)})`;
