import type { BatchResponse, BatchStatus, FileResponse } from '@darkroom/api';
import type { RunTally } from '../engine/index.ts';
import type { RunRecord } from '../runs/index.ts';
import { outputFileId } from './batch-keys.ts';
import type { BatchCancel, BatchCheck, BatchEnd, BatchRecord, FileRecord } from './records.ts';

/** All that is known of a batch. */
export interface BatchFacts {
  batch: BatchRecord;
  check: BatchCheck | undefined;
  cancel: BatchCancel | undefined;
  end: BatchEnd | undefined;
  /** Its run, if it was created. */
  run: RunRecord | undefined;
  /** Of a run that is open. */
  tally: RunTally | undefined;
}

/** The API's response about a batch. */
export function batchResponse(
  facts: BatchFacts,
  { base, now }: { base: string; now: number },
): BatchResponse {
  const { batch, check, cancel, end, run } = facts;
  const status = readStatus(facts, now);
  const problems = check && check.problems.count > 0 ? check.problems : undefined;
  const counts = countRequests(facts);
  const hasResults = end !== undefined && status !== 'failed';
  const endedAs = (one: BatchEnd['status']) => toSecondsOrNull(end?.status === one ? end.endedAt : undefined);
  const url = `${base}/v1/batches/${batch.id}`;
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    errors: problems ? { object: 'list', data: problems.listed, count: problems.count } : null,
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status,
    output_file_id: hasResults && counts.completed > 0 ? outputFileId(batch, 'output') : null,
    error_file_id: hasResults && counts.failed > 0 ? outputFileId(batch, 'errors') : null,
    created_at: toSeconds(batch.createdAt),
    in_progress_at: toSecondsOrNull(problems ? undefined : check?.at),
    expires_at: toSeconds(batch.deadlineAt),
    finalizing_at: toSecondsOrNull(findFinalizing(facts, status)),
    completed_at: endedAs('completed'),
    failed_at: endedAs('failed'),
    expired_at: endedAs('expired'),
    cancelling_at: toSecondsOrNull(cancel?.at),
    cancelled_at: endedAs('cancelled'),
    request_counts: counts,
    metadata: batch.metadata ?? null,
    run: run ? batch.id : null,
    links: { self: url, output: `${url}/output`, errors: `${url}/errors` },
  };
}

function readStatus({ batch, check, cancel, end, run }: BatchFacts, now: number): BatchStatus {
  if (end) return end.status;
  if (check && check.problems.count > 0) return 'failed';
  if (cancel) return 'cancelling';
  if (!check) return 'validating';
  // The worker seals the run when all renders have ended.
  return now >= batch.deadlineAt || run?.sealed ? 'finalizing' : 'in_progress';
}

function findFinalizing({ batch, end, run }: BatchFacts, status: BatchStatus): number | undefined {
  if (status === 'failed') return undefined;
  if (end) return end.finalizingAt;
  return status === 'finalizing'
    ? Math.min(run?.sealed?.at ?? batch.deadlineAt, batch.deadlineAt)
    : undefined;
}

/** After the end, each line is either completed or failed. */
function countRequests({ check, end, run, tally }: BatchFacts): BatchResponse['request_counts'] {
  if (!check || check.problems.count > 0) return { total: 0, completed: 0, failed: 0 };
  const total = check.lines;
  const counts = run?.isOpen ? tally?.counts : run?.lastEnd;
  const completed = Math.min(total, counts?.completed ?? 0);
  return {
    total,
    completed,
    failed: end ? total - completed : (counts?.failed ?? 0) + (counts?.canceled ?? 0),
  };
}

export const fileResponse = (file: FileRecord): FileResponse => ({
  id: file.id,
  object: 'file',
  bytes: file.bytes,
  created_at: toSeconds(file.createdAt),
  expires_at: null,
  filename: file.filename,
  purpose: file.purpose,
  status: 'processed',
  status_details: null,
});

const toSeconds = (at: number) => Math.floor(at / 1000);
const toSecondsOrNull = (at: number | undefined) => (at === undefined ? null : toSeconds(at));
