import type { RunEtaReason, RunResponse, RunResultLine } from '@darkroom/api';
import { formatFacts, formatTable, formatTime, showSafely } from '../../output/index.ts';

export const countEnded = ({ counts }: RunResponse) => counts.completed + counts.failed + counts.canceled;

export function formatRuns(runs: readonly RunResponse[], now: number): string {
  const rows = runs.map((run) => [
    run.id,
    run.tenant,
    run.status,
    `${countEnded(run)}/${run.total}`,
    String(run.counts.failed),
    `$${run.spent}`,
    formatTime(run.created_at, now),
    showSafely(run.name ?? ''),
  ]);
  const head = ['ID', 'TENANT', 'STATUS', 'ENDED', 'FAILED', 'SPENT', 'CREATED', 'NAME'];
  return formatTable(head, rows, 'There are no runs.');
}

export function formatRun(run: RunResponse, now: number): string {
  const { counts } = run;
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  const time = (text: string | null) => (text === null ? undefined : formatTime(text, now));
  return formatFacts([
    ['id', run.id],
    ['tenant', run.tenant],
    ['name', run.name === null ? undefined : showSafely(run.name)],
    ['status', run.status],
    [
      'renders',
      `${run.total}${present.length > 0 ? ': ' : ''}${present.map(([name, count]) => `${count} ${name}`).join(', ')}`,
    ],
    [
      'counts',
      run.counts_complete
        ? undefined
        : 'not complete: the queue has lost its data, and a worker counts again',
    ],
    ['rate', run.rate === null ? undefined : `${run.rate} per minute`],
    ['eta', time(run.eta) ?? formatNoEta(run)],
    ['spent', `$${run.spent}`],
    ['possibly spent', Number(run.possibly_spent) > 0 ? `$${run.possibly_spent}` : undefined],
    ['budget', run.budget === null ? undefined : `$${run.budget}`],
    ['deadline', time(run.deadline)],
    ['lane', run.lane ?? undefined],
    ['created', `${formatTime(run.created_at, now)} by ${run.created_by}`],
    ['sealed', time(run.sealed_at)],
    [
      'canceled',
      run.canceled_at === null
        ? undefined
        : [formatTime(run.canceled_at, now), showSafely(run.cancel_reason ?? '')].filter(Boolean).join(': '),
    ],
    ['finished', time(run.finished_at)],
  ]);
}

const NO_ETA: Record<RunEtaReason, string | undefined> = {
  ended: undefined,
  restoring: 'the renders are counted again',
  none_remain: 'all renders have ended; seal the run to finish it',
  too_few_samples: 'no render has ended in the last ten minutes',
};

const formatNoEta = ({ eta_reason: reason }: RunResponse) => {
  const text = reason === null ? undefined : NO_ETA[reason];
  return text && `unknown: ${text}`;
};

export const formatResult = (line: RunResultLine) => `${JSON.stringify(line)}\n`;
