import { errorMessage, type Logger, shareRuns } from '@darkroom/shared/runtime';
import type { DeadLetterQueue } from '../backends/index.ts';
import { type OpenDeadLetter, openDeadLetter, parseDeadLetter } from './dead-letter.ts';

/** Dead letters that are read in one round trip. */
const BATCH = 500;

/** Reads the open dead letters: the latest failure first, by id within a millisecond. */
export type ReadDeadLetters = () => Promise<readonly OpenDeadLetter[]>;

/**
 * Reads all open dead letters. Not open are those of renders that are redriven at the moment. A letter that was read
 * before is kept in memory, because only a new end of its render can change it: with thousands of dead letters, a call
 * reads only their ids. Callers that come at the same time share one read.
 *
 * Throws the errors of the engine.
 */
export function createDeadLetterReader(queue: DeadLetterQueue, log: Logger): ReadDeadLetters {
  let known = new Map<string, OpenDeadLetter>();
  let sorted: readonly OpenDeadLetter[] = [];
  return shareRuns(async () => {
    // The letters first: a render that fails in between is in the next call.
    const ids = await queue.listIds();
    const times = new Map<string, number>();
    for (const { id, at } of ids.length > 0 ? await queue.listFailed() : []) times.set(id, at);
    const others = ids.filter((id) => !times.has(id));
    const running = others.length > 0 ? await queue.findExistingRenders(others) : new Set();
    const listed = new Map<string, OpenDeadLetter>();
    const unread: string[] = [];
    for (const id of ids) {
      if (running.has(id)) continue;
      const letter = known.get(id);
      if (letter && letter.jobFailedAt === (times.get(id) ?? 0)) listed.set(id, letter);
      else unread.push(id);
    }
    for (let from = 0; from < unread.length; from += BATCH) {
      const part = unread.slice(from, from + BATCH);
      const texts = await queue.readTexts(part);
      for (const [at, id] of part.entries()) {
        const letter = readText(id, texts[at], times.get(id) ?? 0, log);
        if (letter) listed.set(id, letter);
      }
    }
    if (unread.length > 0 || listed.size !== known.size) {
      sorted = [...listed.values()].sort(
        (a, b) => b.failedAt - a.failedAt || (a.renderId < b.renderId ? -1 : 1),
      );
    }
    known = listed;
    return sorted;
  });
}

function readText(
  renderId: string,
  text: string | undefined,
  jobFailedAt: number,
  log: Logger,
): OpenDeadLetter | undefined {
  if (text === undefined) return undefined;
  try {
    return openDeadLetter(parseDeadLetter(text), jobFailedAt);
  } catch (error) {
    // A newer Darkroom wrote it, or a program that is not Darkroom.
    log.warn({ renderId, err: errorMessage(error) }, 'dead letter left out: unreadable');
    return undefined;
  }
}
