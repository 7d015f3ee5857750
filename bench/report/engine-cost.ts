import type { Cost, EngineCostResult, Work } from '../scenarios/engine-cost.ts';
import { number, table } from './table.ts';

export function reportEngineCost({ renders, costs }: EngineCostResult): string {
  const rows = costs.flatMap((cost) => [
    workRow(`${cost.name}, 1 look`, cost.looks_1),
    workRow(`${cost.name}, 3 polls`, cost.looks_3),
  ]);
  const head = ['per render', 'commands', 'scripts', 'bytes in', 'bytes out'];
  const bytes = costs.map((cost) => [
    cost.name,
    ...(['waiting', 'delayed', 'completed'] as const).map((state) => held(cost, state)),
  ]);
  const sent = costs.map((cost) => `  ${cost.name}: ${sentBy(cost)}`);
  const idle = costs.map((cost) => `${cost.name} ${number(cost.idle_commands_per_second)}`);
  const seen = costs.map((cost) => `${cost.name} ${cost.looks_seen.map(number).join(' and ')}`);
  return `Engine cost: ${renders} renders, commands inside scripts included
${table(head, rows)}
Read off the line through two runs, polls taken: ${seen.join(', ')}.

Sent by clients per render with 1 look (round trips, unless pipelined):
${sent.join('\n')}
Commands per second of an idle worker: ${idle.join(', ')}

${table(['bytes held per render', 'waiting', 'delayed', 'completed'], bytes)}
Delayed and completed hold the children that ended, too (render + submit + store).`;
}

const workRow = (name: string, work: Work) => [
  name,
  number(work.commands),
  number(work.scripts),
  number(work.bytes_in),
  number(work.bytes_out),
];

function held(cost: Cost, state: keyof Cost['bytes']): string {
  const parts = Object.values(cost.bytes[state]);
  const sum = number(parts.reduce((total, part) => total + part, 0));
  return parts.length > 1 ? `${sum} (${parts.map(number).join(' + ')})` : sum;
}

function sentBy(cost: Cost): string {
  const entries = Object.entries(cost.sent).toSorted(([, a], [, b]) => b - a);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return `${number(total)} (${entries.map(([name, count]) => `${name} ${number(count)}`).join(', ')})`;
}
