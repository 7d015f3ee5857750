import { formatDollars } from '@darkroom/shared/snapshot';
import type { Audit, AuditedRender } from './audit.ts';
import type { NightPlan } from './plan.ts';
import type { Night } from './processes.ts';

/** What happened in a night: the totals, the incidents, the faults, and one line for each render. */
export function formatNight(plan: NightPlan, { simulator }: Night, audit: Audit | undefined): string {
  const incidents = plan.incidents.map(({ kind, afterTasks }) => `${kind} after ${afterTasks} tasks`);
  const faults = Object.entries(simulator.faults.fired()).map(([kind, count]) => `${kind} ${count}`);
  const lines = [
    `Repeat this night with NIGHT_SEED=${plan.seed}`,
    `incidents: ${incidents.join(', ')}`,
    `faults: ${faults.join(', ')}`,
  ];
  if (!audit) return [...lines, 'the renders were not compared with the purchase log'].join('\n');
  const { cost, charges, refunds, renders } = audit;
  return [
    ...lines,
    `provider: ${formatDollars(charges)} charged after ${formatDollars(refunds)} refunded`,
    `API: ${formatDollars(cost.spent)} spent, ${formatDollars(cost.refunded)} refunded, ${formatDollars(cost.possiblySpent)} possibly spent`,
    ...[...Map.groupBy(renders, describeEnd)].map(([end, group]) => `${end}: ${group.length}`),
    ...renders.map(formatRender),
  ].join('\n');
}

const describeEnd = ({ render }: AuditedRender): string =>
  render.error ? `${render.status} (${render.error.code})` : render.status;

function formatRender(one: AuditedRender): string {
  const { render, planned, deeds, tasks, cost, problems } = one;
  const { spent, refunded, possiblySpent } = cost;
  const sold = tasks.map(
    (task) => `${task.taskId} ${task.status} ${formatDollars(task.charged - task.refunded)}`,
  );
  return [
    problems.length > 0 ? 'WRONG' : 'fine',
    render.id,
    planned.fate.name,
    describeEnd(one),
    Object.entries(deeds)
      .map(([deed, value]) => `${deed} ${value}`)
      .join(', ') || 'no operator',
    `${formatDollars(spent)} + ${formatDollars(possiblySpent)} possibly, ${formatDollars(refunded)} refunded`,
    `sold: ${sold.join(', ') || 'nothing'}`,
  ].join(' | ');
}
