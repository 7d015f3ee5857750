import { DarkroomError } from '../errors.ts';
import { type Answer, lines, parse, problemError, type Transport } from '../http/index.ts';
import type { BulkLine } from '../types.ts';
import type { Entry, Outcome } from './entry.ts';

/** The queue takes a chunk at a time: its first line may take a while, and so may the upload. */
const TIMEOUT_MS = 120_000;
const SILENCE_MS = 60_000;
const WHAT = 'POST /v1/renders/bulk';

/**
 * One call with these entries, all of them keyed. Tells of each as it is answered.
 *
 * @throws DarkroomError when it was cut off, or refused as a whole; what was told before stands.
 */
export async function* bulkCall(
  transport: Transport,
  entries: readonly Entry[],
  signal: AbortSignal | undefined,
): AsyncGenerator<{ entry: Entry; outcome: Outcome }, void> {
  const answer = await transport.once({
    method: 'POST',
    path: 'v1/renders/bulk',
    headers: { 'content-type': 'application/x-ndjson', accept: 'application/x-ndjson' },
    body: entries.map(({ line }) => `${line}\n`).join(''),
    timeoutMs: Math.max(TIMEOUT_MS, transport.timeoutMs),
    repeatable: true,
    signal,
  });
  const open = new Set(entries);
  for await (const line of bulkLines(answer)) {
    if ('object' in line) {
      if (line.error) throw problemError(line.error);
      // The last line. Reading on to the end of the answer keeps the connection for the next call.
      continue;
    }
    const entry = entries[line.index];
    if (!entry) throw new DarkroomError('unexpected_answer', `${WHAT} was answered for an item nobody sent.`);
    const outcome = 'render' in line ? { render: line.render } : { error: problemError(line.error) };
    open.delete(entry);
    yield { entry, outcome };
  }
  if (open.size > 0)
    throw new DarkroomError('network', `${WHAT}: the answer broke off; ${open.size} items have none.`);
}

/** Streamed, as we ask for; or in one piece, as proxies that rewrite `Accept` make it. */
async function* bulkLines(answer: Answer): AsyncGenerator<BulkLine, void> {
  if (!answer.response.headers.get('content-type')?.includes('ndjson')) {
    const { items, ...summary } = await answer.json<{ items: BulkLine[] } & BulkLine>();
    yield* items;
    yield summary as BulkLine;
    return;
  }
  for await (const line of lines(answer.chunks(SILENCE_MS), { last: true })) {
    if (line.trim() !== '') yield parse<BulkLine>(line, WHAT);
  }
}
