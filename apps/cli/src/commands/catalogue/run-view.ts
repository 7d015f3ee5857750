import { type CatalogueRunResponse, ENDED_CATALOGUE_RUN_STATUSES } from '@darkroom/api';
import type { Api } from '../../api/index.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import { formatCount, formatFacts, formatTable, formatTime, showSafely } from '../../output/index.ts';

/** Problems that are shown. `--json` has more. */
const MAX_PROBLEMS = 20;

export const hasRunEnded = ({ status }: Pick<CatalogueRunResponse, 'status'>) =>
  (ENDED_CATALOGUE_RUN_STATUSES as readonly string[]).includes(status);

/** The address of the report of a run. `undefined`: it delivered nothing. */
export const findReport = (
  { catalogue, run, tenant, manifest }: CatalogueRunResponse,
  api: Pick<Api, 'pageUrl'>,
): string | undefined =>
  manifest
    ? api.pageUrl(`v1/catalogues/${encodeURIComponent(`${tenant}:${catalogue}`)}/runs/${run}/report.html`)
    : undefined;

/** A run for people. */
export function formatRun(run: CatalogueRunResponse, now: number, api: Pick<Api, 'pageUrl'>): string {
  const { counts, cost, guards, problems } = run;
  const refunded = Number(cost.refunded ?? 0) > 0 ? `, $${cost.refunded} refunded` : '';
  const possibly = Number(cost.possibly_spent ?? 0) > 0 ? `, $${cost.possibly_spent} possibly spent` : '';
  const facts = formatFacts([
    ['run', `${run.run} of ${run.catalogue}`],
    ['retries', run.retry_of === null ? undefined : `the run ${run.retry_of}`],
    ['status', [run.status, showSafely(run.reason ?? '')].filter(Boolean).join(': ')],
    ['items', run.items === null ? undefined : formatCount(run.items, 'image')],
    ['bought', String(counts.bought)],
    ['unchanged', String(counts.unchanged)],
    ['failed', String(counts.failed)],
    ['not bought', String(counts.not_bought)],
    ['quarantined', counts.quarantined > 0 ? String(counts.quarantined) : undefined],
    ['in the queue', run.pending > 0 ? formatCount(run.pending, 'render') : undefined],
    ['eta', run.eta === null ? undefined : formatTime(run.eta, now)],
    ['price', run.price === null ? undefined : `$${run.price} by the plan`],
    ['cost', `$${cost.spent}${refunded}${possibly}`],
    ['manifest', run.manifest?.key],
    ['report', findReport(run, api)],
    ['by', run.actor],
    ['requested', formatTime(run.requested_at, now)],
    ['ended', run.ended_at === null ? undefined : formatTime(run.ended_at, now)],
  ]);
  const closed = guards.filter(({ accepted }) => !accepted);
  const found = closed.map(
    ({ name, message }) => `guard ${name}: ${message} Pass it with --accept ${name}.\n`,
  );
  const listed = problems.listed.slice(0, MAX_PROBLEMS).map(({ in: where, line, field, message }) => {
    const place = line === null ? where : `${where}:${line}`;
    return `${place} ${field === null ? '' : `${showSafely(field)}: `}${showSafely(message)}\n`;
  });
  const more = problems.count - listed.length;
  return [facts, ...found, ...listed, more > 0 ? `…and ${formatCount(more, 'more problem')}.\n` : ''].join(
    '',
  );
}

export function formatRuns(runs: readonly CatalogueRunResponse[], now: number): string {
  const rows = runs.map((run) => [
    run.run,
    run.status,
    `${run.ended}/${run.items ?? '?'}`,
    String(run.counts.bought),
    String(run.counts.failed),
    String(run.counts.not_bought),
    `$${run.cost.spent}`,
    formatTime(run.requested_at, now),
  ]);
  const head = ['RUN', 'STATUS', 'ITEMS', 'BOUGHT', 'FAILED', 'NOT BOUGHT', 'COST', 'REQUESTED'];
  return formatTable(head, rows, 'The catalogue has no runs.');
}

/** The exit code of a command that waited for the end of a run. */
export function codeForRun({ status, problems }: CatalogueRunResponse): ExitCode {
  switch (status) {
    case 'partial':
      return EXIT.partial;
    case 'canceled':
      return EXIT.canceled;
    case 'stopped':
      return problems.count > 0 ? EXIT.failure : EXIT.refused;
    default:
      return EXIT.ok;
  }
}
