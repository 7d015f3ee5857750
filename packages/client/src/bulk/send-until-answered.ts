import { DarkroomError, isTransient } from '../errors.ts';
import type { Transport } from '../http/index.ts';
import { bulkCall } from './bulk-call.ts';
import type { Entry, Outcome } from './entry.ts';

/** What is learnt on the way and holds for all chunks of a run. */
export interface Pace {
  /** Entries of a call; fewer once a body was too large. */
  most: number;
}

/**
 * Sends entries until each has an outcome, and gives them in order, each as soon as it and all before it have one.
 * What was cut off or could not be taken just now is sent again, and only that: the keys make it safe.
 *
 * @throws DarkroomError when call after call fails. Entries that were given stand.
 */
export async function* settle(
  transport: Transport,
  entries: readonly Entry[],
  pace: Pace,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ entry: Entry; outcome: Outcome }, void> {
  const patient = transport.patience(signal);
  const put = new Map<Entry, DarkroomError>();
  let given = 0;
  const ready = function* () {
    for (let entry = entries[given]; entry?.outcome; entry = entries[++given])
      yield { entry, outcome: entry.outcome };
  };
  yield* ready();
  while (given < entries.length) {
    const open = entries.filter((entry) => !entry.outcome).slice(0, pace.most);
    put.clear();
    let failure: unknown;
    try {
      for await (const { entry, outcome } of bulkCall(transport, open, signal)) {
        if (entry.outcome) continue;
        if ('error' in outcome && isTransient(outcome.error)) {
          put.set(entry, outcome.error);
          continue;
        }
        entry.outcome = outcome;
        patient.reset();
        yield* ready();
      }
    } catch (error) {
      failure = error;
      if (isTooLarge(error)) {
        shrink(open, pace, error);
        yield* ready();
        continue;
      }
    }
    const [postponed] = put.values();
    // What breaks after the last item was answered does no harm.
    if (open.every((entry) => entry.outcome) || (failure ?? postponed) === undefined) continue;
    try {
      await patient.after(failure ?? postponed);
    } catch (error) {
      if (failure !== undefined || error !== postponed) throw error;
      // The call went through, only these would not: that is their outcome.
      for (const [entry, why] of put) entry.outcome = { error: why };
      yield* ready();
    }
  }
}

const isTooLarge = (error: unknown): error is DarkroomError =>
  error instanceof DarkroomError && error.code === 'body_too_large';

/** Halves what is sent at once. One that is too large alone will never get in. */
function shrink(open: readonly Entry[], pace: Pace, error: DarkroomError): void {
  const left = open.filter((entry) => !entry.outcome);
  const [only] = left;
  if (only && left.length === 1) only.outcome = { error };
  else pace.most = Math.max(1, Math.ceil(left.length / 2));
}
