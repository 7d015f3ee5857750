import type { BatchResult } from '@darkroom/api';
import {
  type BatchEnd,
  type BatchLine,
  type BatchRecord,
  batchRenderId,
  batchRun,
  describeNotBought,
  failedResult,
  imagesResult,
  type ResultFacts,
  rendersResult,
} from '@darkroom/shared/batches';
import type { Receipt, RunEndEntry } from '@darkroom/shared/render';
import { listEnded } from '@darkroom/shared/runs';
import { snapshotFromReceipt } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { pMapIterable } from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { createImageUrl, createRenderResponse } from '../renders/index.ts';
import type { BatchEndpointDeps } from './find.ts';

/** Receipts that are read at the same time. */
const PARALLEL = 16;
/** How long the links of results work. */
const URL_LIFETIME_MS = 24 * 3_600_000;

export type ResultsPart = 'output' | 'errors';

/**
 * The lines of the output file (images) or of the error file (lines without an image), in the order of the input file. They
 * are made from the ends and receipts of the renders whenever they are read: so partial results exist at any time, links are
 * fresh, and a redriven render appears. Each line is joined with its render by id. Throws {@link StoreError}.
 */
export async function* listBatchResults(
  deps: BatchEndpointDeps,
  request: FastifyRequest,
  batch: BatchRecord,
  part: ResultsPart,
): AsyncGenerator<BatchResult, void, void> {
  const { batches, clock } = deps;
  const small = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    withStoreDeadline(STORE_DEADLINE_MS.small, work);
  const check = await small((signal) => batches.readCheck(batch, { signal }));
  if (!check || check.problems.count > 0) return;
  const [end, cancel] = await small((signal) =>
    Promise.all([batches.readEnd(batch, { signal }), batches.readCancel(batch, { signal })]),
  );
  const expired = clock.now() >= batch.deadlineAt ? 'expired' : undefined;
  const why = end?.status ?? (cancel ? 'cancelled' : expired);
  const ended = await readEnds(deps, batch);
  async function* listLines() {
    for (let number = 0; number < (check?.parts ?? 0); number += 1) {
      const lines = await small((signal) => batches.readPart(batch, number, { signal }));
      for (const line of lines) {
        const entry = ended.get(batchRenderId(batch, line.custom_id));
        // Until the end of the batch, a line without an end has no result yet.
        if (isIn(part, entry, end)) yield { line, entry };
      }
    }
  }
  yield* pMapIterable(
    listLines(),
    ({ line, entry }) => createResult(deps, request, { batch, line, entry, why }),
    {
      concurrency: PARALLEL,
    },
  );
}

async function readEnds({ store }: BatchEndpointDeps, batch: BatchRecord): Promise<Map<string, RunEndEntry>> {
  const ended = new Map<string, RunEndEntry>();
  for await (const entry of listEnded(store, batchRun(batch)))
    if (!entry.isRedriven) ended.set(entry.renderId, entry);
  return ended;
}

const isIn = (part: ResultsPart, entry: RunEndEntry | undefined, end: BatchEnd | undefined): boolean => {
  if (part === 'output') return entry?.status === 'completed';
  return entry ? entry.status !== 'completed' : end !== undefined;
};

interface EndedLine {
  batch: BatchRecord;
  line: BatchLine;
  entry: RunEndEntry | undefined;
  /** Why nothing more is bought. */
  why: BatchEnd['status'] | undefined;
}

async function createResult(
  deps: BatchEndpointDeps,
  request: FastifyRequest,
  { batch, line, entry, why }: EndedLine,
): Promise<BatchResult> {
  const facts: ResultFacts = { batch, customId: line.custom_id };
  if (!entry) return failedResult(facts, describeNotBought(why));
  if (entry.status === 'canceled') {
    const isBought = entry.spentMicros + entry.possiblySpentMicros > 0;
    return failedResult(facts, describeNotBought(isBought ? undefined : why));
  }
  const receipt = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    deps.read.lookup.ledger.readReceipt(entry.renderId, signal),
  );
  const failure = receipt?.failure;
  if (entry.status === 'failed' || receipt?.status !== 'completed') {
    const message = failure?.message ?? 'The receipt of the render has no image.';
    return failedResult(facts, { code: failure?.code ?? entry.failure ?? 'internal_error', message });
  }
  return await createImageResult(deps, request, { batch, facts, receipt });
}

async function createImageResult(
  { read }: BatchEndpointDeps,
  request: FastifyRequest,
  { batch, facts, receipt }: { batch: BatchRecord; facts: ResultFacts; receipt: Receipt },
): Promise<BatchResult> {
  const snapshot = snapshotFromReceipt(receipt);
  if (batch.endpoint === '/v1/renders')
    return rendersResult(facts, await createRenderResponse(read, request, snapshot));
  const options = { part: 'image', lifetimeMs: URL_LIFETIME_MS, sign: 'if-needed' } as const;
  const link = await createImageUrl(read, request, snapshot, options);
  if (!link) return failedResult(facts, { code: 'internal_error', message: 'The render has no image.' });
  return imagesResult(facts, link.url, receipt.finishedAt);
}
