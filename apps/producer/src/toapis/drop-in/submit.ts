import { DURABILITIES } from '@darkroom/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import type { Endpoint } from '../../endpoint.ts';
import { getBodyBytes } from '../../http/index.ts';
import {
  type AcceptedRender,
  acceptRender,
  type IntakeDeps,
  idempotencyHeader,
  parseJson,
  readIdempotencyKey,
} from '../../intake/index.ts';
import { findRender } from '../../lookup/index.ts';
import { jsonResponse } from '../../openapi/index.ts';
import type { RenderReadDeps } from '../../renders/index.ts';
import { deriveBusinessIdKey } from './business-id-key.ts';
import { envelopeResponses } from './envelope.ts';
import { createTask } from './query.ts';
import { readRunHeader, readSubmission, runHeader, submissionSchema } from './request.ts';
import { type Task, taskSchema } from './schemas.ts';
import { toTask } from './task.ts';
import type { UploadStore } from './upload-store.ts';

export interface SubmitDeps {
  intake: IntakeDeps;
  read: RenderReadDeps;
  uploads: UploadStore;
}

/** `POST /v1/images/generations`. */
export const submitEndpoint = (deps: SubmitDeps): Endpoint => ({
  needs: 'enqueue',
  doc,
  bodyLimit: deps.intake.maxBodyBytes,
  run: (request, reply) => submit(deps, request, reply),
});

async function submit(deps: SubmitDeps, request: FastifyRequest, reply: FastifyReply) {
  const { intake, read, uploads } = deps;
  const tenant = requireTenant(request);
  try {
    const header = readIdempotencyKey(request.headers['idempotency-key']);
    const run = readRunHeader(request.headers['darkroom-run']);
    const body = parseJson(getBodyBytes(request));
    const { checked, businessId } = readSubmission(body, { idempotencyKey: header, run });
    const derived =
      header === undefined && businessId !== undefined
        ? await deriveBusinessIdKey(read.lookup, tenant, businessId, checked.request, uploads.findName)
        : undefined;
    const accepted = await acceptRender(
      intake,
      tenant,
      derived === undefined ? checked : { ...checked, idempotencyKey: derived },
    );
    const { renderId, duplicate } = accepted;
    intake.recordIntake(duplicate ? 'duplicate' : 'accepted', tenant);
    request.log.info({ renderId, tenant, duplicate }, 'render accepted');
    if (accepted.durability) reply.header('darkroom-durability', accepted.durability);
    return await reply.send(await createSubmittedTask(deps, request, accepted, checked.request.model));
  } catch (error) {
    intake.recordIntake('rejected', tenant);
    throw error;
  }
}

/** The task of a new render is queued. A render that already existed has its present state, with its result if any. */
async function createSubmittedTask(
  { read }: SubmitDeps,
  request: FastifyRequest,
  { renderId, createdAt, duplicate }: AcceptedRender,
  model: Task['model'],
): Promise<Task> {
  const snapshot = duplicate ? await findRender(read.lookup, requireTenant(request), renderId) : undefined;
  if (snapshot) return await createTask(read, request, snapshot);
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
    "Like `POST /v1/renders`, with the provider's request and response. Without `Idempotency-Key` and `client_business_id` every call creates a new render.",
  requestParams: { header: idempotencyHeader.extend(runHeader.shape) },
  requestBody: { required: true, content: { 'application/json': { schema: submissionSchema, example } } },
  responses: {
    '200': jsonResponse('The task. A task that was submitted before has its present state.', taskSchema, {
      headers: {
        'Darkroom-Durability': {
          description:
            'As the field `durability` of `POST /v1/renders`. Absent for a task that was submitted before.',
          schema: { type: 'string', enum: [...DURABILITIES] },
        },
      },
    }),
    ...envelopeResponses(409, 413, 415),
  },
};
