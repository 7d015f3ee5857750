import type { BulkSummary } from '@darkroom/api';
import { acceptedResponse, renderLinks } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { logServerProblem, resolveBaseUrl } from '../../http/index.ts';
import type { AcceptedRender, IntakeDeps, ItemResult } from '../../intake/index.ts';
import { type ProblemError, toProblem, toProblemResponse } from '../../problems/index.ts';

/** How many problems one item lists at most, and one response that is held in memory. */
const MAX_PROBLEMS = { item: 20, response: 2_000 };

/** Counts the outcomes of a bulk call and formats its response. */
export interface BulkSummaryBuilder {
  add(results: ItemResult[]): void;
  /** The problem of the first item that failed because the queue or the store was away. */
  unavailable(): ProblemError | undefined;
  /** One item as JSON. */
  formatItem(result: ItemResult): string;
  /** Everything but the items. @param error why the rest was not read. An unexpected error is logged. */
  toSummary(error?: unknown): BulkSummary;
  /** Logs the counts. */
  log(message: string): void;
}

/** @param streamed the response is sent while it is made, so all its problems together have no limit. */
export function createBulkSummary(
  deps: Pick<IntakeDeps, 'recordIntake'>,
  request: FastifyRequest,
  { tenant, streamed }: { tenant: string; streamed: boolean },
): BulkSummaryBuilder {
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  const context = { base: resolveBaseUrl(request), id: request.id };
  const formatAccepted = createAcceptedFormatter(context.base);
  let unavailable: ProblemError | undefined;
  let problemsLeft = streamed ? Number.POSITIVE_INFINITY : MAX_PROBLEMS.response;
  const formatProblem = (problem: ProblemError) => {
    const response = toProblemResponse(problem, context, Math.min(MAX_PROBLEMS.item, problemsLeft));
    problemsLeft -= response.problems.length;
    return JSON.stringify(response);
  };
  return {
    add(results) {
      const added = { accepted: 0, duplicate: 0, rejected: 0 };
      for (const result of results) {
        added[classifyResult(result)]++;
        if (!('problem' in result)) continue;
        const { problem } = result;
        if (problem.status === 503) unavailable ??= problem;
        else logServerProblem(request, problem);
      }
      for (const outcome of ['accepted', 'duplicate', 'rejected'] as const) {
        counts[outcome] += added[outcome];
        if (added[outcome] > 0) deps.recordIntake(outcome, tenant, added[outcome]);
      }
    },
    unavailable: () => unavailable,
    formatItem(result) {
      const { index, line } = result;
      const position = line === undefined ? `{"index":${index}` : `{"index":${index},"line":${line}`;
      if ('problem' in result) {
        const { problem } = result;
        return `${position},"status":${problem.status},"error":${formatProblem(problem)}}`;
      }
      return `${position},"status":202,"render":${formatAccepted(result.accepted)}}`;
    },
    toSummary(error) {
      const problem = error === undefined ? undefined : toProblem(error);
      if (problem?.status === 500) logServerProblem(request, problem);
      return {
        object: 'bulk',
        accepted: counts.accepted,
        duplicates: counts.duplicate,
        rejected: counts.rejected,
        ...(problem ? { error: toProblemResponse(problem, context) } : {}),
      };
    },
    log(message) {
      const { accepted, duplicate: duplicates, rejected } = counts;
      request.log.info({ tenant, accepted, duplicates, rejected }, message);
    },
  };
}

function classifyResult(result: ItemResult): 'accepted' | 'duplicate' | 'rejected' {
  if ('problem' in result) return 'rejected';
  return result.accepted.duplicate ? 'duplicate' : 'accepted';
}

const ID_PLACEHOLDER = `rnd_${'0'.repeat(32)}`;

/**
 * Formats accepted renders as JSON. New renders of the same millisecond and durability differ only in their id, so
 * their JSON is made once and each id is filled in: bulk calls format thousands.
 */
function createAcceptedFormatter(base: string): (accepted: AcceptedRender) => string {
  const format = (accepted: AcceptedRender) =>
    JSON.stringify(acceptedResponse(accepted, renderLinks(base, accepted.renderId)));
  let of: string | undefined;
  let parts: string[] = [];
  return (accepted) => {
    if (accepted.duplicate) return format(accepted);
    const group = `${accepted.createdAt} ${accepted.durability}`;
    if (of !== group) {
      of = group;
      parts = format({ ...accepted, renderId: ID_PLACEHOLDER }).split(ID_PLACEHOLDER);
    }
    return parts.join(accepted.renderId);
  };
}
