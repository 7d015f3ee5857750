import type { Clock } from '../runtime/clock.ts';
import { isUnavailable } from './errors.ts';

/** Called for errors that belong to no call: lost connections, failing background work. */
export type OnEngineError = (error: Error, where: string) => void;

export type ErrorReport = (error: unknown, where: string) => void;

/**
 * A lost engine reports itself several times a second on every connection, and BullMQ hands the same error on
 * from its connection to its queue. One report for each place and message in `everyMs`, or for each message
 * when the engine is away, is enough; it says how many it stands for.
 *
 * @param secrets texts that must never appear, e.g. the password of the URL.
 */
export function createErrorReport(
  onError: OnEngineError,
  secrets: string[],
  clock: Pick<Clock, 'now'>,
  everyMs = 10_000,
): ErrorReport {
  const lastReports = new Map<string, { at: number; suppressed: number }>();
  const reported = new WeakSet<object>();
  return (error, where) => {
    if (typeof error === 'object' && error !== null) {
      if (reported.has(error)) return;
      reported.add(error);
    }
    const clean = redactError(error, secrets);
    const key = isUnavailable(error) ? clean.message : `${where}\n${clean.message}`;
    const entry = lastReports.get(key);
    if (entry && clock.now() - entry.at < everyMs) {
      entry.suppressed++;
      return;
    }
    if (entry?.suppressed) clean.message += ` (and ${entry.suppressed} more like it before)`;
    // Messages can hold ids or ports: keep the memory bounded.
    if (lastReports.size >= 200) lastReports.clear();
    lastReports.set(key, { at: clock.now(), suppressed: 0 });
    onError(clean, where);
  };
}

/** A copy with name, code, message and stack only: drivers hang the failed command, arguments and all, on it. */
function redactError(error: unknown, secrets: string[]): Error {
  const from = error instanceof Error ? error : new Error(String(error));
  // An AggregateError of Node's happy-eyeballs connect has an empty message and the reasons inside.
  const inner = from instanceof AggregateError ? from.errors.map((e: Error) => e.message).join('; ') : '';
  const clean = new Error(redactText(from.message || inner || from.name, secrets));
  clean.name = from.name;
  if (from.stack) clean.stack = redactText(from.stack, secrets);
  if ('code' in from) Object.assign(clean, { code: from.code });
  return clean;
}

function redactText(text: string, secrets: string[]): string {
  return secrets.reduce((result, secret) => (secret ? result.replaceAll(secret, '***') : result), text);
}
