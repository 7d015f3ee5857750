import { type BatchLine, batchRenderId, batchRun, packBatchRender } from '@darkroom/shared/batches';
import { ensureObject } from '@darkroom/shared/object-store';
import { QUEUE } from '@darkroom/shared/queues';
import {
  createCheckpoint,
  randomHex,
  type SerializedCheckpoint,
  type StoredInput,
  serializeCheckpoint,
} from '@darkroom/shared/render';
import { addToRun } from '@darkroom/shared/runs';
import pMap from 'p-map';
import type { BatchContext } from './batch-context.ts';

/** Calls to the store that are made at the same time. */
const PARALLEL = 16;

/**
 * Adds the renders of lines, as the producer adds those of a request: inputs, run, journal, queue. A render that exists stays.
 *
 * The run comes before the journal: a render that a closed run refuses must not be in the journal, which would add it later.
 */
export async function addLines(lines: readonly BatchLine[], context: BatchContext): Promise<void> {
  const { batch, own, infra, job } = context;
  const drafts = lines.map((line) => draftRender(line, context));
  await storeInputs(
    drafts.flatMap(({ inputs }) => inputs),
    context,
  );
  job.signal.throwIfAborted();
  const ids = drafts.map(({ render }) => render.checkpoint.renderId);
  const { refused } = await addToRun(own, batchRun(batch), ids);
  const isRefused = new Set(refused);
  const renders = drafts
    .map(({ render }) => render)
    .filter(({ checkpoint }) => !isRefused.has(checkpoint.renderId));
  if (refused.length > 0)
    infra.log.info({ batch: batch.id, refused: refused.length }, 'batch: the run takes no more renders');
  if (renders.length === 0) return;
  await own.record(renders);
  await own.renders.add(renders);
}

/** Adds the renders of those lines that were never added, or lost. @returns how many */
export async function addMissingLines(lines: readonly BatchLine[], context: BatchContext): Promise<number> {
  const { batch, own, infra, job } = context;
  const idOf = ({ custom_id }: BatchLine) => batchRenderId(batch, custom_id);
  const existing = await own.engine.findExistingJobs(QUEUE.render, lines.map(idOf));
  const absent = lines.filter((line) => !existing.has(idOf(line)));
  // The queue forgets ended renders: their receipts stay.
  const missing = await pMap(
    absent,
    async (line) => ((await infra.ledger.readReceipt(idOf(line), job.signal)) ? [] : [line]),
    { concurrency: PARALLEL, signal: job.signal },
  );
  const found = missing.flat();
  if (found.length > 0) await addLines(found, context);
  return found.length;
}

function draftRender(
  { custom_id, request }: BatchLine,
  { batch, infra }: BatchContext,
): { render: SerializedCheckpoint; inputs: StoredInput[] } {
  const packed = packBatchRender(request, batchRun(batch).id);
  const render = serializeCheckpoint(
    createCheckpoint({
      renderId: batchRenderId(batch, custom_id),
      tenant: batch.tenant,
      request: packed.request,
      provider: infra.provider.name,
      creatorToken: randomHex(8),
      inRun: true,
      now: infra.clock.now(),
    }),
  );
  return { render, inputs: packed.inputs };
}

async function storeInputs(inputs: readonly StoredInput[], { infra, job }: BatchContext): Promise<void> {
  const byKey = new Map(inputs.map((input) => [input.key, input]));
  const store = ({ contentType, ...object }: StoredInput) =>
    ensureObject(infra.store, object, { contentType, signal: job.signal, now: infra.clock.now() });
  await pMap(byKey.values(), store, { concurrency: PARALLEL, signal: job.signal });
}
