import {
  addBatchJob,
  type BatchEnd,
  type BatchRecord,
  BatchStore,
  batchRenderId,
  FileStore,
} from '@darkroom/shared/batches';
import { randomHex } from '@darkroom/shared/render';
import { until } from '@darkroom/testkit';
import type { Harness } from './harness.ts';

export const toLine = (customId: string, prompt = `a ${customId}`) =>
  JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/images/generations',
    body: { prompt },
  });

/** Uploads a file and creates a batch of it, as the producer does. */
export async function createBatch(
  { store, queues }: Harness,
  lines: readonly string[],
  definition: Partial<BatchRecord> = {},
): Promise<BatchRecord> {
  const [tenant, now] = ['default', Date.now()];
  const file = { tenant, id: `file-${randomHex(16)}` };
  const files = new FileStore(store);
  const { bytes, ...content } = await files.writeContent(
    file,
    (async function* () {
      yield Buffer.from(lines.join('\n'));
    })(),
  );
  const facts = { purpose: 'batch' as const, filename: 'batch.jsonl', createdAt: now, actor: 'a test' };
  await files.writeRecord({ ...file, ...facts, bytes, content });
  const batch: BatchRecord = {
    tenant,
    id: `batch_${randomHex(16)}`,
    inputFileId: file.id,
    inputSha256: content.sha256,
    endpoint: '/v1/images/generations',
    completionWindow: '24h',
    deadlineAt: now + 86_400_000,
    createdAt: now,
    actor: 'a test',
    ...definition,
  };
  await new BatchStore(store).create(batch);
  await addBatchJob(queues, batch);
  return batch;
}

/** Waits until a batch has ended, and no worker has to do more. */
export async function waitForBatch(
  { store }: Harness,
  batch: BatchRecord,
  timeout = 60_000,
): Promise<BatchEnd> {
  const batches = new BatchStore(store);
  const isOpen = async () => {
    for await (const open of batches.listOpen()) if (open.id === batch.id) return true;
    return false;
  };
  await until(async () => !(await isOpen()), { timeout, what: `the batch ${batch.id} has ended` });
  return (await batches.readEnd(batch)) as BatchEnd;
}

/** How often each line was bought. A line is joined with its render by id. */
export function countPurchases(
  { simulator }: Harness,
  batch: BatchRecord,
  customIds: readonly string[],
): Map<string, string[]> {
  const read = (customId: string) =>
    simulator.book.byBusinessId(batchRenderId(batch, customId)).map(({ prompt }) => prompt);
  return new Map(customIds.map((customId) => [customId, read(customId)]));
}
