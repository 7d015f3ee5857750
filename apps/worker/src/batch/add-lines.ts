import { type BatchLine, batchRenderId, batchRun, packBatchRender } from '@darkroom/shared/batches';
import { ensureObject } from '@darkroom/shared/object-store';
import type { SerializedCheckpoint, StoredInput } from '@darkroom/shared/render';
import { addToRun } from '@darkroom/shared/runs';
import pMap from 'p-map';
import type { BatchContext } from './batch-context.ts';

/** Inputs that are stored at the same time. */
const PARALLEL = 16;

/**
 * Adds the renders of lines: inputs, run, journal, queue. A render that exists stays.
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
  await own.intake.add(renders);
}

/** Adds the renders of those lines that were never added, or lost. @returns how many */
export async function addMissingLines(lines: readonly BatchLine[], context: BatchContext): Promise<number> {
  const { batch, own, job } = context;
  const idOf = ({ custom_id }: BatchLine) => batchRenderId(batch, custom_id);
  const lost = await own.intake.findLost(lines.map(idOf), job.signal);
  const missing = lines.filter((line) => lost.has(idOf(line)));
  if (missing.length > 0) await addLines(missing, context);
  return missing.length;
}

function draftRender(
  { custom_id, request }: BatchLine,
  { batch, own }: BatchContext,
): { render: SerializedCheckpoint; inputs: StoredInput[] } {
  const packed = packBatchRender(request, batchRun(batch).id);
  const render = own.intake.createRender({
    renderId: batchRenderId(batch, custom_id),
    tenant: batch.tenant,
    request: packed.request,
    inRun: true,
  });
  return { render, inputs: packed.inputs };
}

async function storeInputs(inputs: readonly StoredInput[], { infra, job }: BatchContext): Promise<void> {
  const byKey = new Map(inputs.map((input) => [input.key, input]));
  const store = ({ contentType, ...object }: StoredInput) =>
    ensureObject(infra.store, object, { contentType, signal: job.signal, now: infra.clock.now() });
  await pMap(byKey.values(), store, { concurrency: PARALLEL, signal: job.signal });
}
