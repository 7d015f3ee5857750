import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import { type Endpoint, getBodyBytes } from '../../http/index.ts';
import { acceptRender, parseJson, readIdempotencyKey } from '../../intake/index.ts';
import { findRender } from '../../lookup/index.ts';
import { jsonResponse } from '../../openapi/index.ts';
import { idempotencyHeader } from '../../renders/headers.ts';
import type { RenderCreateDeps, RenderReadDeps } from '../../renders/index.ts';
import { deriveBusinessIdKey } from './business-id-key.ts';
import { envelopeResponses } from './envelope.ts';
import { createTask } from './query.ts';
import { readSubmission, submissionSchema } from './request.ts';
import { type Task, taskSchema } from './schemas.ts';
import { toTask } from './task.ts';
import type { UploadStore } from './upload-store.ts';

/** What submissions work with. */
export interface SubmitDeps {
  intake: RenderCreateDeps;
  look: RenderReadDeps;
  uploads: UploadStore;
}

/** `POST /v1/images/generations`. */
export const submitEndpoint = (deps: SubmitDeps): Endpoint => ({
  needs: 'enqueue',
  doc,
  run: (request, reply) => submit(deps, request, reply),
});

async function submit(deps: SubmitDeps, request: FastifyRequest, reply: FastifyReply) {
  const { intake, look, uploads } = deps;
  const tenant = requireTenant(request);
  try {
    const header = readIdempotencyKey(request.headers['idempotency-key']);
    const { checked, businessId } = readSubmission(parseJson(getBodyBytes(request)), header);
    const byBusiness = header === undefined && businessId !== undefined;
    const accepted = await acceptRender(intake.intake, tenant, {
      ...checked,
      ...(byBusiness
        ? {
            idempotencyKey: await deriveBusinessIdKey(
              look.lookup,
              tenant,
              businessId,
              checked.request,
              uploads.findName,
            ),
          }
        : {}),
    });
    const { renderId, duplicate } = accepted;
    intake.onIntake(duplicate ? 'duplicate' : 'accepted', tenant);
    request.log.info({ renderId, tenant, duplicate }, 'accepted');
    return await reply.send(await createSubmittedTask(deps, request, accepted, checked.request.model));
  } catch (error) {
    intake.onIntake('rejected', tenant);
    throw error;
  }
}

/** A new task is queued. One that was there before is told as it stands, with its result where it has one. */
async function createSubmittedTask(
  { look }: SubmitDeps,
  request: FastifyRequest,
  accepted: Awaited<ReturnType<typeof acceptRender>>,
  model: Task['model'],
): Promise<Task> {
  const { renderId, createdAt, duplicate } = accepted;
  const snapshot = duplicate ? await findRender(look.lookup, requireTenant(request), renderId) : undefined;
  if (snapshot) return await createTask(look, request, snapshot);
  return toTask({ renderId, createdAt, updatedAt: createdAt, status: 'queued', progress: 0, model });
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
    '200': jsonResponse('The task. One that was submitted before is told as it stands.', taskSchema),
    ...envelopeResponses(409, 413, 415),
  },
};
