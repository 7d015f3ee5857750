import type { BulkSummary } from '@darkroom/api';
import { acceptedResponse, renderLinks } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { resolveBaseUrl } from '../../http/index.ts';
import type { AcceptedRender, ItemResult } from '../../intake/index.ts';
import { type ProblemError, toProblem, toProblemResponse } from '../../problems/index.ts';
import type { RenderCreateDeps } from '../deps.ts';

/** What became of a bulk call so far, and how it is told. */
export interface BulkProgress {
  add(results: ItemResult[]): void;
  /** Why the queue or the store is away, when they were. */
  unavailable(): ProblemError | undefined;
  /** One item as JSON. */
  formatItem(result: ItemResult): string;
  /** Everything but the items. `error`: why the rest was not read; what nobody foresaw is logged. */
  summary(error?: unknown): BulkSummary;
  /** Says in the log how it went. */
  log(message: string): void;
}

export function createBulkProgress(
  deps: RenderCreateDeps,
  request: FastifyRequest,
  tenant: string,
): BulkProgress {
  const counts = { accepted: 0, duplicate: 0, rejected: 0 };
  const answered = { base: resolveBaseUrl(request), id: request.id };
  const tellAccepted = createRenderFormatter(answered.base);
  let away: ProblemError | undefined;
  return {
    add(results) {
      const added = { accepted: 0, duplicate: 0, rejected: 0 };
      for (const result of results) {
        added[classifyResult(result)]++;
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
    unavailable: () => away,
    formatItem(result) {
      const { index, line } = result;
      const place = line === undefined ? `{"index":${index}` : `{"index":${index},"line":${line}`;
      if ('problem' in result) {
        const { problem } = result;
        return `${place},"status":${problem.status},"error":${JSON.stringify(toProblemResponse(problem, answered))}}`;
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
        ...(problem ? { error: toProblemResponse(problem, answered) } : {}),
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

/** Stands for the id of a render. */
const ID_PLACEHOLDER = `rnd_${'0'.repeat(32)}`;

/**
 * Tells accepted renders as JSON. New ones that were made in the same millisecond differ in their id alone: they are
 * told by filling it into the answer of the one before.
 */
function createRenderFormatter(base: string): (accepted: AcceptedRender) => string {
  const tell = (accepted: AcceptedRender) =>
    JSON.stringify(acceptedResponse(accepted, renderLinks(base, accepted.renderId)));
  let at: number | undefined;
  let parts: string[] = [];
  return (accepted) => {
    if (accepted.duplicate) return tell(accepted);
    if (at !== accepted.createdAt) {
      at = accepted.createdAt;
      parts = tell({ ...accepted, renderId: ID_PLACEHOLDER }).split(ID_PLACEHOLDER);
    }
    return parts.join(accepted.renderId);
  };
}
