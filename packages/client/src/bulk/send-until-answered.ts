import { DarkroomError, isTransient } from '../errors.ts';
import type { Transport } from '../http/index.ts';
import { sendBulkCall } from './bulk-call.ts';
import type { Entry, EntryOutcome } from './entries.ts';

/** Limits that all chunks of a run share. */
export interface BulkLimits {
  /** Entries of one bulk call. It decreases when the server rejects a body as too large. */
  maxEntries: number;
}

/**
 * Sends the entries until each has an outcome. Yields them in order, each as soon as it and all entries before it have an
 * outcome. Entries without an outcome, and entries with a transient error, are sent again. Their keys make this safe.
 *
 * @throws DarkroomError when no try is left or the error is not transient. The entries that were yielded before are valid.
 */
export async function* sendUntilAnswered(
  transport: Transport,
  entries: readonly Entry[],
  limits: BulkLimits,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ entry: Entry; outcome: EntryOutcome }, void> {
  const retryLoop = transport.createRetryLoop(signal, { waitsForRestore: true });
  const transientErrors = new Map<Entry, DarkroomError>();
  let yielded = 0;
  const takeReady = function* () {
    for (let entry = entries[yielded]; entry?.outcome; entry = entries[++yielded])
      yield { entry, outcome: entry.outcome };
  };
  yield* takeReady();
  while (yielded < entries.length) {
    const open = entries.filter((entry) => !entry.outcome).slice(0, limits.maxEntries);
    transientErrors.clear();
    let callError: unknown;
    try {
      for await (const { entry, outcome } of sendBulkCall(transport, open, signal)) {
        if (entry.outcome) continue;
        if ('error' in outcome && isTransient(outcome.error)) {
          transientErrors.set(entry, outcome.error);
          continue;
        }
        entry.outcome = outcome;
        retryLoop.reset();
        yield* takeReady();
      }
    } catch (error) {
      callError = error;
      if (isTooLarge(error)) {
        reduceCallSize(open, limits, error);
        yield* takeReady();
        continue;
      }
    }
    // An error after the last outcome needs no retry.
    if (open.every((entry) => entry.outcome)) continue;
    const [entryError] = transientErrors.values();
    const error = callError ?? entryError;
    if (error === undefined) continue;
    try {
      await retryLoop.waitAfter(error);
    } catch (finalError) {
      if (callError !== undefined || finalError !== entryError) throw finalError;
      // No try is left. The call itself succeeded, so the transient errors become the outcomes of their entries.
      for (const [entry, transientError] of transientErrors) entry.outcome = { error: transientError };
      yield* takeReady();
    }
  }
}

const isTooLarge = (error: unknown): error is DarkroomError =>
  error instanceof DarkroomError && error.code === 'body_too_large';

/** Halves the number of entries per call. A single entry that is too large gets the error as its outcome. */
function reduceCallSize(sent: readonly Entry[], limits: BulkLimits, error: DarkroomError): void {
  const open = sent.filter((entry) => !entry.outcome);
  const [first] = open;
  if (first && open.length === 1) first.outcome = { error };
  else limits.maxEntries = Math.max(1, Math.ceil(open.length / 2));
}
