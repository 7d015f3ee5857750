import type {
  DeadLetterGroupKind,
  DeadLetterSummaryResponse,
  DiscardRequest,
  DiscardResponse,
} from '@darkroom/api';
import type { Settings } from '@darkroom/shared/config';
import type { DeadLetter } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import { type Position, toCursor } from '../lookup/index.ts';
import { ProblemError } from '../problems/index.ts';
import { type OpenDeadLetter, parseDeadLetter } from './dead-letter.ts';
import { type DiscardDeps, discardDeadLetters } from './discard.ts';
import type { Matches } from './filter.ts';
import type { ForecastContext } from './forecast-redrive.ts';
import type { ReadDeadLetters } from './read-dead-letters.ts';
import { selectDeadLetters } from './select.ts';
import { type RedriveTallies, summarizeDeadLetters } from './summarize.ts';

export interface DeadLetterDeps extends DiscardDeps {
  readDeadLetters: ReadDeadLetters;
  auditor: Auditor;
  /** The tallies of the redrives that this caller may see. `scope`: a tenant, or `*`. */
  readTallies(scope: string): Promise<RedriveTallies>;
  settings: Pick<Settings, 'PRICES' | 'MAX_PURCHASES'>;
  clock: Clock;
}

export const forecastContext = ({ settings, clock }: DeadLetterDeps): ForecastContext => ({
  settings,
  now: clock.now(),
});

/** A page of the dead letters that match, the latest failure first. */
export async function listSelected(
  deps: DeadLetterDeps,
  { matches, limit, cursor }: { matches: Matches; limit: number; cursor?: Position | undefined },
): Promise<{ page: OpenDeadLetter[]; total: number; next?: string }> {
  const letters = (await deps.readDeadLetters()).filter(matches);
  const start = cursor
    ? letters.findIndex(
        ({ failedAt, renderId }) =>
          failedAt < cursor.createdAt || (failedAt === cursor.createdAt && renderId > cursor.renderId),
      )
    : 0;
  const page = start < 0 ? [] : letters.slice(start, start + limit);
  const last = page.at(-1);
  const hasMore = last !== undefined && start + page.length < letters.length;
  return {
    page,
    total: letters.length,
    ...(hasMore ? { next: toCursor({ createdAt: last.failedAt, renderId: last.renderId }) } : {}),
  };
}

/** The groups of the dead letters that match. @param scope of the caller: a tenant, or `*` */
export async function summarizeSelected(
  deps: DeadLetterDeps,
  scope: string,
  { matches, groupBy }: { matches: Matches; groupBy: DeadLetterGroupKind },
): Promise<DeadLetterSummaryResponse> {
  const [letters, tallies] = await Promise.all([deps.readDeadLetters(), deps.readTallies(scope)]);
  return summarizeDeadLetters(letters.filter(matches), groupBy, tallies, forecastContext(deps));
}

/** The dead letter that the `:id` of a path names. @throws {ProblemError} `dead_letter_not_found`. */
export async function findDeadLetter(
  deps: DeadLetterDeps,
  request: FastifyRequest,
): Promise<{ letter: OpenDeadLetter; whole: DeadLetter }> {
  const { id } = request.params as { id: string };
  const [letter] = selectDeadLetters(await deps.readDeadLetters(), request, { ids: [id] });
  const [text] = letter ? await deps.queue.readTexts([id]) : [];
  if (!letter || text === undefined) {
    throw new ProblemError('dead_letter_not_found', 'There is no open dead letter of this render.');
  }
  return { letter, whole: parseDeadLetter(text) };
}

/** Discards the dead letters that a request selects, and records each. */
export async function discardSelected(
  deps: DeadLetterDeps,
  request: FastifyRequest,
  selection: DiscardRequest,
): Promise<DiscardResponse> {
  const { ids, note } = selection;
  const actor = describeCaller(request.caller);
  const letters = selectDeadLetters(await deps.readDeadLetters(), request, selection);
  const record = ({ renderId, tenant, code, end }: OpenDeadLetter) =>
    deps.auditor.record(request, {
      action: 'dead_letter.discard',
      target: { kind: 'dead-letter', id: renderId },
      tenant,
      reason: note,
      before: { code, end },
    });
  return await discardDeadLetters(deps, letters, { ids, note, actor, record });
}
