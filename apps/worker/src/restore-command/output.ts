import type { RestoreReport } from '@darkroom/shared/queues';

const format = (count: number) => count.toLocaleString('en-US').padStart(9);

/** A report for people: one line for each kind of render. */
export function formatReport(report: RestoreReport, { dryRun }: { dryRun: boolean }): string {
  const { read, present, added, cancels, ended, webhooks, unreadable } = report;
  const rows: [number, string][] = [
    [read, 'read from the store'],
    [present, 'are in the queue'],
    [ended, 'have ended: their receipts are in the store'],
    [added.submit, `${dryRun ? 'would be' : 'were'} queued for their purchase`],
    [added.poll, `${dryRun ? 'would go' : 'go'} on with what was bought before`],
    [added.hold, `may have been bought: ${dryRun ? 'would be' : 'were'} put on hold`],
    [added.bury, `have failed: their dead letters ${dryRun ? 'would be' : 'were'} written again`],
    [cancels, 'of these were asked to cancel'],
    [webhooks, `webhooks ${dryRun ? 'would be' : 'were'} enqueued again`],
    [unreadable, 'could not be read: see the log'],
  ];
  const title = dryRun ? 'A restore would do this (renders):' : 'Restored (renders):';
  return [title, ...rows.map(([count, text]) => `${format(count)}  ${text}`), ''].join('\n');
}
