import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import { ProblemError } from '../problems/index.ts';
import type { Caller } from './caller.ts';

/** The queue may be away; what has an answer without it is not kept waiting for a count. */
const COUNT_LIMIT_MS = 250;

/** Counts the requests of each key, of all producers together. Who has no key is not counted. */
export function createRateLimit({ settings, engine }: { settings: Settings; engine: Engine }) {
  return async ({ key }: Caller): Promise<void> => {
    if (!key) return;
    const perSecond = key.perSecond ?? settings.API_RATE_PER_SECOND;
    const waitMs = await soon(engine.counters.take(`api-${key.sha256.slice(0, 16)}`, perSecond));
    if (waitMs === 0) return;
    throw new ProblemError('rate_limited', `This key may ask ${perSecond} times a second.`, {
      retryAfter: Math.ceil(waitMs / 1000),
    });
  };
}

async function soon(count: Promise<number>): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(resolve, COUNT_LIMIT_MS, 0);
  });
  try {
    return await Promise.race([count.catch(() => 0), late]);
  } finally {
    clearTimeout(timer);
  }
}
