import { outputFileId } from '@darkroom/shared/batches';
import type { BatchContext, BatchOutcome } from './batch-context.ts';

/** Writes the files of results, and how the batch ended. It may be repeated: the first end stays. */
export async function endBatch(
  { status, finalizingAt }: BatchOutcome,
  { batch, own, infra, job }: BatchContext,
): Promise<void> {
  const options = { signal: job.signal };
  const { tenant, id } = batch;
  const endedAt = infra.clock.now();
  if (status !== 'failed') {
    // First: who sees the end finds the files.
    for (const part of ['output', 'errors'] as const) {
      const content = { batch: id, part };
      const facts = { purpose: 'batch_output' as const, filename: `${id}_${part}.jsonl`, bytes: 0 };
      const file = { tenant, id: outputFileId(batch, part), ...facts, createdAt: endedAt, actor: 'darkroom' };
      await own.files.writeRecord({ ...file, content }, options);
    }
  }
  await own.batches.writeEnd(batch, { status, finalizingAt, endedAt }, options);
}
