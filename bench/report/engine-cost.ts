import type { Cost, EngineCostResult, Work } from '../scenarios/engine-cost.ts';
import { formatNumber, formatTable } from './table.ts';

export function reportEngineCost({ renders, costs }: EngineCostResult): string {
  const rows = costs.flatMap((cost) => [
    formatWork(`${cost.name}, 1 poll`, cost.polls_1),
    formatWork(`${cost.name}, 3 polls`, cost.polls_3),
  ]);
  const head = ['per render', 'commands', 'scripts', 'bytes in', 'bytes out'];
  const bytes = costs.map((cost) => [
    cost.name,
    ...(['waiting', 'delayed', 'completed'] as const).map((state) => formatBytes(cost, state)),
  ]);
  const sent = costs.map((cost) => `  ${cost.name}: ${formatSent(cost)}`);
  const idle = costs.map((cost) => `${cost.name} ${formatNumber(cost.idle_commands_per_second)}`);
  const seen = costs.map((cost) => `${cost.name} ${cost.polls_measured.map(formatNumber).join(' and ')}`);
  return `Engine cost: ${renders} renders, commands inside scripts included
${formatTable(head, rows)}
Interpolated between two runs. Polls per render in the runs: ${seen.join(', ')}.

Sent by clients per render with 1 poll (round trips, unless pipelined):
${sent.join('\n')}
Commands per second of an idle worker: ${idle.join(', ')}

${formatTable(['bytes held per render', 'waiting', 'delayed', 'completed'], bytes)}
Delayed and completed include the children that have ended (render + submit + store).`;
}

const formatWork = (name: string, work: Work) => [
  name,
  formatNumber(work.commands),
  formatNumber(work.scripts),
  formatNumber(work.bytes_in),
  formatNumber(work.bytes_out),
];

function formatBytes(cost: Cost, state: keyof Cost['bytes']): string {
  const parts = Object.values(cost.bytes[state]);
  const sum = formatNumber(parts.reduce((total, part) => total + part, 0));
  return parts.length > 1 ? `${sum} (${parts.map(formatNumber).join(' + ')})` : sum;
}

function formatSent(cost: Cost): string {
  const entries = Object.entries(cost.sent).toSorted(([, a], [, b]) => b - a);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return `${formatNumber(total)} (${entries.map(([name, count]) => `${name} ${formatNumber(count)}`).join(', ')})`;
}
