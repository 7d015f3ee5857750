import type { Clock } from '../runtime/index.ts';
import { isUnavailable } from './errors.ts';

/** Called for errors that belong to no call: lost connections, failing background work. */
export type OnEngineError = (error: Error, where: string) => void;

export type ErrorReport = (error: unknown, where: string) => void;

/**
 * Throttles background errors. A lost engine causes several errors a second on every connection, and BullMQ passes the
 * same error from its connection to its queue. In `everyMs`, each place and message is reported once; an unavailable
 * engine is reported once for all places. The next report contains the number of suppressed errors.
 *
 * @param secrets texts that must not appear, for example the password of the URL.
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
    const last = lastReports.get(key);
    if (last && clock.now() - last.at < everyMs) {
      last.suppressed++;
      return;
    }
    if (last?.suppressed) clean.message += ` (and ${last.suppressed} similar errors before)`;
    // Messages can contain ids or ports: limit the memory.
    if (lastReports.size >= 200) lastReports.clear();
    lastReports.set(key, { at: clock.now(), suppressed: 0 });
    onError(clean, where);
  };
}

/** A copy with name, code, message and stack only. Drivers attach the failed command with its arguments to the error. */
function redactError(error: unknown, secrets: string[]): Error {
  const source = error instanceof Error ? error : new Error(String(error));
  // When Node tries several addresses, its AggregateError has an empty message and the reasons inside.
  const inner = source instanceof AggregateError ? source.errors.map((e: Error) => e.message).join('; ') : '';
  const clean = new Error(redactText(source.message || inner || source.name, secrets));
  clean.name = source.name;
  if (source.stack) clean.stack = redactText(source.stack, secrets);
  if ('code' in source) Object.assign(clean, { code: source.code });
  return clean;
}

function redactText(text: string, secrets: string[]): string {
  return secrets.reduce((result, secret) => (secret ? result.replaceAll(secret, '***') : result), text);
}
