import { BatchStore, FileStore } from '@darkroom/shared/batches';
import type { Harness } from '../harness.ts';
import { ASKED } from './contract-fixture.ts';

/** The batch and its file that the examples name. */
export const BATCH_EXAMPLE_ID = 'batch_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
export const FILE_EXAMPLE_ID = 'file-0a1b2c3d4e5f60718293a4b5c6d7e8f9';

/** An uploaded file of a batch, with one line. @returns its id */
export async function putBatchFile(
  { store }: Harness,
  id = FILE_EXAMPLE_ID,
  tenant = 'default',
): Promise<string> {
  const files = new FileStore(store);
  const body = { prompt: 'a mug' };
  const line = { custom_id: 'one', method: 'POST', url: '/v1/images/generations', body };
  const chunk = Buffer.from(`${JSON.stringify(line)}\n`);
  const content = await files.writeContent(
    { tenant, id },
    (async function* () {
      yield chunk;
    })(),
  );
  const { bytes, ...rest } = content;
  const facts = { purpose: 'batch' as const, filename: 'autumn.jsonl', actor: 'a test', createdAt: ASKED };
  await files.writeRecord({ tenant, id, ...facts, bytes, content: rest });
  return id;
}

/** A batch whose file is not checked yet. @returns its id */
export async function putBatch(
  { store }: Harness,
  id = BATCH_EXAMPLE_ID,
  { tenant = 'default', hasEnded = false }: { tenant?: string; hasEnded?: boolean } = {},
): Promise<string> {
  const batches = new BatchStore(store);
  await batches.create({
    tenant,
    id,
    inputFileId: FILE_EXAMPLE_ID,
    inputSha256: '0'.repeat(64),
    endpoint: '/v1/images/generations',
    completionWindow: '30d',
    deadlineAt: Date.now() + 86_400_000,
    createdAt: ASKED,
    actor: 'a test',
  });
  if (hasEnded)
    await batches.writeEnd({ tenant, id }, { status: 'expired', finalizingAt: ASKED, endedAt: ASKED });
  return id;
}
