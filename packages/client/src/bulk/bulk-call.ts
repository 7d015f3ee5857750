import { DarkroomError } from '../errors.ts';
import { type ApiResponse, errorFromProblem, parseJson, readLines, type Transport } from '../http/index.ts';
import type { BulkLine } from '../types.ts';
import type { Entry, EntryOutcome } from './entries.ts';

/** The response begins after the upload, when the server has enqueued a first part. Other calls are faster. */
const TIMEOUT_MS = 120_000;
const IDLE_TIMEOUT_MS = 60_000;
const NAME = 'POST /v1/renders/bulk';

/**
 * Sends one bulk call and yields the outcome of each entry as it arrives. All entries must have keys.
 *
 * @throws DarkroomError when the response is incomplete or the whole call is rejected. The outcomes before it are valid.
 */
export async function* sendBulkCall(
  transport: Transport,
  entries: readonly Entry[],
  signal: AbortSignal | undefined,
): AsyncGenerator<{ entry: Entry; outcome: EntryOutcome }, void> {
  const response = await transport.sendOnce({
    method: 'POST',
    path: 'v1/renders/bulk',
    headers: { 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' },
    body: entries.map(({ line }) => `${line}\n`).join(''),
    timeoutMs: Math.max(TIMEOUT_MS, transport.timeoutMs),
    repeatable: true,
    signal,
  });
  const unanswered = new Set(entries);
  for await (const line of readBulkLines(response)) {
    if ('object' in line) {
      if (line.error) throw errorFromProblem(line.error);
      // This is the last line. The loop continues to the end of the body, so that the connection can be reused.
      continue;
    }
    const entry = entries[line.index];
    if (!entry)
      throw new DarkroomError(
        'unexpected_response',
        `${NAME}: the response has an item with index ${line.index}, but the request had ${entries.length} items.`,
      );
    const outcome = 'render' in line ? { render: line.render } : { error: errorFromProblem(line.error) };
    unanswered.delete(entry);
    yield { entry, outcome };
  }
  if (unanswered.size > 0)
    throw new DarkroomError(
      'network',
      `${NAME}: the response is incomplete; ${unanswered.size} items are missing.`,
    );
}

/** Reads a streamed response. If a proxy has changed the `Accept` header, the response is one JSON document. */
async function* readBulkLines(response: ApiResponse): AsyncGenerator<BulkLine, void> {
  if (!response.headers.get('content-type')?.includes('ndjson')) {
    const { items, ...summary } = await response.json<{ items: BulkLine[] } & BulkLine>();
    yield* items;
    yield summary as BulkLine;
    return;
  }
  for await (const line of readLines(response.chunks(IDLE_TIMEOUT_MS), { last: true })) {
    if (line.trim() !== '') yield parseJson<BulkLine>(line, NAME);
  }
}
