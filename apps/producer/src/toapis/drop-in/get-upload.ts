import { TENANT } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireTenant } from '../../access/index.ts';
import type { Endpoint } from '../../http/index.ts';
import { ProblemError } from '../../problems/index.ts';
import { envelopeResponses } from './envelope.ts';
import type { UploadStore } from './upload-store.ts';

/** `GET /v1/uploads/images/{name}`: where the URL of an upload leads. */
export const getUploadEndpoint = (uploads: UploadStore): Endpoint => ({
  needs: 'read',
  signable: true,
  doc,
  run: async (request, reply) => {
    const { name } = request.params as { name: string };
    const owner = findOwner(request);
    const upload = owner === undefined ? undefined : await uploads.find(owner, name);
    if (!upload) throw uploadNotFound();
    reply.type(upload.type).headers({
      'content-length': upload.bytes,
      etag: `"${upload.sha256}"`,
      // The bytes below a name never change, but who may see them can.
      'cache-control': 'private, max-age=86400',
      // As the provider's files: any page may show it whose author knows the URL.
      'cross-origin-resource-policy': 'cross-origin',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    });
    if (request.method === 'HEAD') return await reply.send();
    const stream = await uploads.open(upload);
    if (!stream) throw uploadNotFound();
    return await reply.send(stream);
  },
});

/** Whoever acts for all tenants looks at the one that the link names. */
function findOwner(request: FastifyRequest): string | undefined {
  const tenant = requireTenant(request);
  if (tenant !== ALL_TENANTS) return tenant;
  const { tenant: named } = request.query as { tenant?: unknown };
  return typeof named === 'string' && TENANT.test(named) ? named : undefined;
}

const uploadNotFound = () => new ProblemError('not_found', 'There is no upload with this name.');

const doc = {
  operationId: 'getUpload',
  tags: ['Drop-in'],
  summary: 'Look at an uploaded image',
  requestParams: {
    path: z.object({
      name: z
        .string()
        .regex(/^[0-9a-f]{64}\.(jpg|png|webp|gif)$/)
        .meta({ example: `${'9f86d081884c7d65'.repeat(4)}.jpg` }),
    }),
  },
  responses: {
    '200': {
      description: 'The bytes.',
      content: { 'image/*': { schema: z.string().meta({ override: { type: 'string', format: 'binary' } }) } },
    },
    ...envelopeResponses(404),
  },
};
