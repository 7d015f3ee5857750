import type { BulkSummary } from '@darkroom/api';
import { acceptedResponse, renderLinks } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { baseUrl } from '../../http/index.ts';
import type { Accepted, ItemResult } from '../../intake/index.ts';
import { type ProblemError, problemBody, toProblem } from '../../problems/index.ts';
import type { IntakeDeps } from '../deps.ts';

/** What became of a bulk call so far, and how it is told. */
export interface Tally {
  add(results: ItemResult[]): void;
  /** Why the queue or the store is away, when they were. */
  away(): ProblemError | undefined;
  /** One item as JSON. */
  tell(result: ItemResult): string;
  /** Everything but the items. `error`: why the rest was not read; what nobody foresaw is logged. */
  summary(error?: unknown): BulkSummary;
  /** Says in the log how it went. */
  log(message: string): void;
}

export function tallyOf(deps: IntakeDeps, request: FastifyRequest, tenant: string): Tally {
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  const answered = { base: baseUrl(request), id: request.id };
  const tellAccepted = tellerOf(answered.base);
  let away: ProblemError | undefined;
  return {
    add(results) {
      const added = { accepted: 0, duplicate: 0, rejected: 0 };
      for (const result of results) {
        added[outcomeOf(result)]++;
        if (!('problem' in result)) continue;
        const { problem } = result;
        if (problem.status === 503) away ??= problem;
        if (problem.status === 500) {
          request.log.error({ index: result.index, err: problem.cause }, problem.code);
        }
      }
      for (const outcome of ['accepted', 'duplicate', 'rejected'] as const) {
        counts[outcome] += added[outcome];
        if (added[outcome] > 0) deps.onIntake(outcome, tenant, added[outcome]);
      }
    },
    away: () => away,
    tell(result) {
      const { index, line } = result;
      const place = line === undefined ? `{"index":${index}` : `{"index":${index},"line":${line}`;
      if ('problem' in result) {
        const { problem } = result;
        return `${place},"status":${problem.status},"error":${JSON.stringify(problemBody(problem, answered))}}`;
      }
      return `${place},"status":202,"render":${tellAccepted(result.accepted)}}`;
    },
    summary(error) {
      const problem = error === undefined ? undefined : toProblem(error);
      if (problem?.status === 500) request.log.error({ err: problem.cause }, problem.code);
      return {
        object: 'bulk',
        accepted: counts.accepted,
        duplicates: counts.duplicate,
        rejected: counts.rejected,
        ...(problem ? { error: problemBody(problem, answered) } : {}),
      };
    },
    log(message) {
      const { accepted, duplicate: duplicates, rejected } = counts;
      request.log.info({ tenant, accepted, duplicates, rejected }, message);
    },
  };
}

function outcomeOf(result: ItemResult): 'accepted' | 'duplicate' | 'rejected' {
  if ('problem' in result) return 'rejected';
  return result.accepted.duplicate ? 'duplicate' : 'accepted';
}

/** Stands for the id of a render. */
const NO_RENDER = `rnd_${'0'.repeat(32)}`;

/**
 * Tells accepted renders as JSON. New ones that were made in the same millisecond differ in their id alone: they are
 * told by filling it into the answer of the one before.
 */
function tellerOf(base: string): (accepted: Accepted) => string {
  const tell = (accepted: Accepted) =>
    JSON.stringify(acceptedResponse(accepted, renderLinks(base, accepted.renderId)));
  let at: number | undefined;
  let parts: string[] = [];
  return (accepted) => {
    if (accepted.duplicate) return tell(accepted);
    if (at !== accepted.createdAt) {
      at = accepted.createdAt;
      parts = tell({ ...accepted, renderId: NO_RENDER }).split(NO_RENDER);
    }
    return parts.join(accepted.renderId);
  };
}
