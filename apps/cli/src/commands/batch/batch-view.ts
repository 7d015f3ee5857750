import type { BatchResponse } from '@darkroom/api';
import { formatFacts, formatTable, formatTime, showSafely } from '../../output/index.ts';

/** Problems that are shown. `--json errors` has all that the server lists. */
const MAX_SHOWN = 20;

const toIso = (seconds: number) => new Date(seconds * 1000).toISOString();

export function formatBatches(batches: readonly BatchResponse[], now: number): string {
  const rows = batches.map((batch) => {
    const { total, completed, failed } = batch.request_counts;
    const created = formatTime(toIso(batch.created_at), now);
    return [batch.id, batch.status, `${completed}/${total}`, String(failed), batch.endpoint, created];
  });
  return formatTable(
    ['ID', 'STATUS', 'IMAGES', 'FAILED', 'ENDPOINT', 'CREATED'],
    rows,
    'There are no batches.',
  );
}

export function formatBatch(batch: BatchResponse, now: number): string {
  const { total, completed, failed } = batch.request_counts;
  const time = (seconds: number | null) => (seconds === null ? undefined : formatTime(toIso(seconds), now));
  const facts = formatFacts([
    ['id', batch.id],
    ['status', batch.status],
    ['lines', `${total}: ${completed} with an image, ${failed} without`],
    ['endpoint', batch.endpoint],
    ['input file', batch.input_file_id],
    ['output file', batch.output_file_id ?? undefined],
    ['error file', batch.error_file_id ?? undefined],
    ['created', time(batch.created_at)],
    ['buys until', time(batch.expires_at)],
    ['ended', time(batch.completed_at ?? batch.failed_at ?? batch.expired_at ?? batch.cancelled_at)],
  ]);
  return `${facts}${formatProblems(batch)}`;
}

function formatProblems({ errors }: BatchResponse): string {
  if (!errors) return '';
  const shown = errors.data.slice(0, MAX_SHOWN).map(({ line, message }) => {
    const place = line === null ? '' : `line ${line}: `;
    return `  ${place}${showSafely(message)}\n`;
  });
  const more = errors.count - shown.length;
  return `\nNothing was bought: the file has ${errors.count} problem${errors.count === 1 ? '' : 's'}.\n${shown.join('')}${
    more > 0 ? `  and ${more} more\n` : ''
  }`;
}
