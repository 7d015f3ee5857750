import { type BatchRequest, batchRequestSchema, parseCompletionWindow } from '@darkroom/api';
import { addBatchJob, type BatchRecord } from '@darkroom/shared/batches';
import { sha256 } from '@darkroom/shared/render';
import type { FastifyRequest } from 'fastify';
import { describeCaller, requireTenant } from '../access/index.ts';
import {
  QUEUE_DEADLINE_MS,
  STORE_DEADLINE_MS,
  withQueueDeadline,
  withStoreDeadline,
} from '../backends/index.ts';
import { getBodyBytes } from '../http/index.ts';
import { parseJson, readIdempotencyKey } from '../intake/index.ts';
import { checkRequest, dropNulls, invalidRequest, isQueueAway, ProblemError } from '../problems/index.ts';
import { type BatchEndpointDeps, findFile } from './find.ts';

/**
 * Creates the batch that a body defines, or finds it. It is durable when its record is in the store: while the queue is away,
 * a sweep adds its job later.
 *
 * @throws {ProblemError} `invalid_request`, `file_not_found`, `batch_conflict`; {@link StoreError}.
 */
export async function createBatch(deps: BatchEndpointDeps, request: FastifyRequest): Promise<BatchRecord> {
  const tenant = requireTenant(request);
  const key = readIdempotencyKey(request.headers['idempotency-key']);
  const value = dropNulls(parseJson(getBodyBytes(request)), batchRequestSchema.shape);
  const body = checkRequest(value, batchRequestSchema);
  const now = deps.clock.now();
  const wanted = {
    tenant,
    inputFileId: body.input_file_id,
    endpoint: body.endpoint,
    completionWindow: body.completion_window,
    deadlineAt: now + (parseCompletionWindow(body.completion_window) ?? 0),
    ...(body.metadata ? { metadata: body.metadata } : {}),
    createdAt: now,
    actor: describeCaller(request.caller),
  };
  if (key !== undefined)
    return (await createOrFind(deps, request, { ...wanted, id: deriveId(tenant, key) })).batch;
  for (let number = 1; ; number += 1) {
    const id = deriveId(tenant, describeOrder(body, number));
    const { batch, isNew } = await createOrFind(deps, request, { ...wanted, id });
    if (isNew || !(await hasEndedWithoutAll(deps, batch))) return batch;
  }
}

async function createOrFind(
  deps: BatchEndpointDeps,
  request: FastifyRequest,
  wanted: Omit<BatchRecord, 'inputSha256'>,
): Promise<{ batch: BatchRecord; isNew: boolean }> {
  const { batches } = deps;
  const find = () => withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => batches.read(wanted, { signal }));
  const earlier = await find();
  // Its file may be deleted by now.
  if (earlier?.inputFileId === wanted.inputFileId)
    return { batch: requireSame(earlier, { ...earlier, ...pick(wanted) }), isNew: false };
  const inputSha256 = await findDigest(deps, wanted.tenant, wanted.inputFileId);
  const batch: BatchRecord = { ...wanted, inputSha256 };
  if (earlier) return { batch: requireSame(earlier, batch), isNew: false };
  const isNew = await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) =>
    batches.create(batch, { signal }),
  );
  const present = isNew ? batch : requireSame((await find()) ?? batch, batch);
  await addJob(deps, request, present);
  return { batch: present, isNew };
}

const deriveId = (tenant: string, name: string) => `batch_${sha256(`${tenant}\0${name}`).slice(0, 32)}`;

/**
 * Stands for the idempotency key of a call without one. The client of OpenAI sends none, and repeats a call whose response was
 * lost: the same file with the same fields is the same batch. Keys of callers have no line breaks, so none is equal.
 */
function describeOrder(body: BatchRequest, number: number): string {
  const metadata = Object.entries(body.metadata ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `file\n${JSON.stringify([body.input_file_id, body.endpoint, body.completion_window, metadata, number])}`;
}

/** After such an end, which the caller has seen or asked for, a further call is a new order. */
async function hasEndedWithoutAll({ batches }: BatchEndpointDeps, batch: BatchRecord): Promise<boolean> {
  const [cancel, end] = await withStoreDeadline(STORE_DEADLINE_MS.several, (signal) =>
    Promise.all([batches.readCancel(batch, { signal }), batches.readEnd(batch, { signal })]),
  );
  return cancel !== undefined || (end !== undefined && end.status !== 'completed');
}

const pick = ({ endpoint, completionWindow }: Pick<BatchRecord, 'endpoint' | 'completionWindow'>) => ({
  endpoint,
  completionWindow,
});

/** @throws {ProblemError} `file_not_found`, `invalid_request` for a file of results */
async function findDigest(deps: BatchEndpointDeps, tenant: string, id: string): Promise<string> {
  const { content, purpose } = await findFile(deps, tenant, id);
  if ('sha256' in content) return content.sha256;
  const expected = 'a file with the purpose batch';
  throw invalidRequest([{ field: 'input_file_id', expected, received: `the purpose ${purpose}` }]);
}

/** @throws {ProblemError} `batch_conflict` */
function requireSame(batch: BatchRecord, wanted: BatchRecord): BatchRecord {
  const fields = (['inputSha256', 'endpoint', 'completionWindow'] as const).filter(
    (field) => batch[field] !== wanted[field],
  );
  if (fields.length === 0) return batch;
  throw new ProblemError(
    'batch_conflict',
    'This idempotency key belongs to a batch that was requested otherwise.',
    {
      problems: fields.map((field) =>
        field === 'inputSha256'
          ? { field: 'input_file_id', expected: 'the same file', received: 'a file with another content' }
          : { field: FIELD[field], expected: batch[field], received: wanted[field] },
      ),
    },
  );
}

const FIELD = { endpoint: 'endpoint', completionWindow: 'completion_window' } as const;

/** The batch is durable, so a queue that is away is no error. */
async function addJob(
  { queues, engine }: BatchEndpointDeps,
  request: FastifyRequest,
  batch: BatchRecord,
): Promise<void> {
  try {
    await withQueueDeadline(QUEUE_DEADLINE_MS[engine.kind].one, addBatchJob(queues, batch));
  } catch (error) {
    if (!isQueueAway(error)) throw error;
    request.log.warn(
      { batch: batch.id, err: error },
      'batch accepted: the queue is away, a sweep adds its job',
    );
  }
}
