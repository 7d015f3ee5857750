import type { Engine, JobTime } from '@darkroom/shared/engine';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** The queue of dead letters as the producer uses it. Every method throws {@link EngineError} `unavailable` when it is away. */
export interface DeadLetterQueue {
  /** The ids of all dead letters: of their renders. */
  listIds(): Promise<string[]>;
  /** All failed renders, with the time of the failure. */
  listFailed(): Promise<JobTime[]>;
  /** The renders whose jobs the queue has, in any state. */
  findExistingRenders(renderIds: readonly string[]): Promise<Set<string>>;
  /** The data of dead letters as JSON text, in the order of their ids. */
  readTexts(renderIds: readonly string[]): Promise<(string | undefined)[]>;
  /** @returns whether there was one. */
  remove(renderId: string): Promise<boolean>;
}

/** Failed renders per call: larger replies would keep Redis from its other callers. */
const FAILED_PAGE = 10_000;

export function createDeadLetterQueue(engine: Engine, queues: Queues): DeadLetterQueue {
  const deadline = QUEUE_DEADLINE_MS[engine.kind];
  const one = <T>(work: Promise<T>) => withQueueDeadline(deadline.one, work);
  const bulk = <T>(work: Promise<T>) => withQueueDeadline(deadline.bulk, work);
  const listFailed = async () => {
    const failed: JobTime[] = [];
    for (let from = 0; ; from += FAILED_PAGE) {
      const page = await engine.readJobTimes(QUEUE.render, 'failed', { from, to: from + FAILED_PAGE - 1 });
      failed.push(...page);
      if (page.length < FAILED_PAGE) return failed;
    }
  };
  return {
    listIds: () => bulk(queues.deadLetter.getRanges(['waiting'], 0, -1)),
    listFailed: () => bulk(listFailed()),
    findExistingRenders: (renderIds) => bulk(engine.findExistingJobs(QUEUE.render, renderIds)),
    readTexts: (renderIds) => bulk(engine.readJobTexts(QUEUE.deadLetter, renderIds)),
    remove: async (renderId) => (await one(queues.deadLetter.remove(renderId))) === 1,
  };
}
