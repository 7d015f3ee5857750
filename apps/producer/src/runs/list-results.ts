import type { FinalStatus, RunResultLine } from '@darkroom/api';
import type { RunRef } from '@darkroom/shared/engine';
import { listEnded, runResultLine } from '@darkroom/shared/runs';
import { snapshotFromReceipt } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { pMapIterable } from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { createRenderResponse } from '../renders/index.ts';
import type { RunEndpointDeps } from './find-run.ts';

export interface ResultsQuery {
  statuses: readonly FinalStatus[] | undefined;
  /** The id of a render: only the results after it. */
  after: string | undefined;
  /** Also the whole render, which costs one read of the store per line. */
  withRenders: boolean;
}

/** Receipts that are read at the same time. */
const PARALLEL = 16;

/**
 * The results of a run, in the order of the ids of its renders. Without `withRenders`, no render is read: the keys of the
 * ends have everything. A render that a redrive runs again has no result. Throws {@link StoreError}.
 */
export async function* listResults(
  deps: RunEndpointDeps,
  request: FastifyRequest,
  run: RunRef,
  { statuses, after, withRenders }: ResultsQuery,
): AsyncGenerator<RunResultLine, void, void> {
  const base = resolveBaseUrl(request);
  async function* listLines() {
    for await (const entry of listEnded(deps.store, run, { after })) {
      if (entry.isRedriven || (statuses && !statuses.includes(entry.status))) continue;
      yield runResultLine(entry, base);
    }
  }
  if (!withRenders) return yield* listLines();
  yield* pMapIterable(listLines(), (line) => addRender(deps, request, line), { concurrency: PARALLEL });
}

async function addRender(
  { intake, read }: RunEndpointDeps,
  request: FastifyRequest,
  line: RunResultLine,
): Promise<RunResultLine> {
  const receipt = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    intake.ledger.readReceipt(line.id, signal),
  );
  if (!receipt) return line;
  return { ...line, render: await createRenderResponse(read, request, snapshotFromReceipt(receipt)) };
}
