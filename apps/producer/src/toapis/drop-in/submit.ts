import type { FastifyReply, FastifyRequest } from 'fastify';
import { tenantOf } from '../../access/index.ts';
import { bytesOf, type Endpoint } from '../../http/index.ts';
import { accept, idempotencyKeyOf, parseJson } from '../../intake/index.ts';
import { findRender } from '../../lookup/index.ts';
import { answer } from '../../openapi/index.ts';
import { idempotencyHeader } from '../../renders/headers.ts';
import type { IntakeDeps, LookDeps } from '../../renders/index.ts';
import { keyOfBusiness } from './business-id-key.ts';
import { refusalsAsProvider } from './envelope.ts';
import { taskTold } from './query.ts';
import { readSubmission, submissionSchema } from './request.ts';
import { type Task, taskSchema } from './schemas.ts';
import { taskOf } from './task.ts';
import type { Uploads } from './upload-store.ts';

/** What submissions work with. */
export interface SubmitDeps {
  intake: IntakeDeps;
  look: LookDeps;
  uploads: Uploads;
}

/** `POST /v1/images/generations`. */
export const submitEndpoint = (deps: SubmitDeps): Endpoint => ({
  needs: 'enqueue',
  doc,
  run: (request, reply) => submit(deps, request, reply),
});

async function submit(deps: SubmitDeps, request: FastifyRequest, reply: FastifyReply) {
  const { intake, look, uploads } = deps;
  const tenant = tenantOf(request);
  try {
    const header = idempotencyKeyOf(request.headers['idempotency-key']);
    const { checked, businessId } = readSubmission(parseJson(bytesOf(request)), header);
    const byBusiness = header === undefined && businessId !== undefined;
    const accepted = await accept(intake.door, tenant, {
      ...checked,
      ...(byBusiness
        ? {
            idempotencyKey: await keyOfBusiness(
              look.archive,
              tenant,
              businessId,
              checked.request,
              uploads.nameOf,
            ),
          }
        : {}),
    });
    const { renderId, duplicate } = accepted;
    intake.onIntake(duplicate ? 'duplicate' : 'accepted', tenant);
    request.log.info({ renderId, tenant, duplicate }, 'accepted');
    return await reply.send(await told(deps, request, accepted, checked.request.model));
  } catch (error) {
    intake.onIntake('rejected', tenant);
    throw error;
  }
}

/** A new task is queued. One that was there before is told as it stands, with its result where it has one. */
async function told(
  { look }: SubmitDeps,
  request: FastifyRequest,
  accepted: Awaited<ReturnType<typeof accept>>,
  model: Task['model'],
): Promise<Task> {
  const { renderId, createdAt, duplicate } = accepted;
  const standing = duplicate ? await findRender(look.archive, tenantOf(request), renderId) : undefined;
  if (standing) return await taskTold(look, request, standing);
  return taskOf({ renderId, createdAt, updatedAt: createdAt, status: 'queued', progress: 0, model });
}

const example = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'Hand-thrown stoneware mug on a linen cloth',
  size: '1:1',
  n: 1,
  metadata: { resolution: '2K' },
  client_business_id: 'sku-1042-front',
} as const;

const doc = {
  operationId: 'createGeneration',
  tags: ['Drop-in'],
  summary: "Submit a task, as the provider's clients do",
  description:
    'The same as `POST /v1/renders`, in the words of the provider. Without `Idempotency-Key` and `client_business_id` every call is a new render.',
  requestParams: { header: idempotencyHeader },
  requestBody: { required: true, content: { 'application/json': { schema: submissionSchema, example } } },
  responses: {
    '200': answer('The task. One that was submitted before is told as it stands.', taskSchema),
    ...refusalsAsProvider(409, 413, 415),
  },
};
