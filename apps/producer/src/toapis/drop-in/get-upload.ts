import { TENANT } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireTenant } from '../../access/index.ts';
import type { Endpoint } from '../../endpoint.ts';
import { ProblemError } from '../../problems/index.ts';
import { envelopeResponses } from './envelope.ts';
import type { UploadStore } from './upload-store.ts';

/** `GET /v1/uploads/images/{name}`: the URL of an upload. */
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
      // The bytes of an upload never change, but the right to read them can: no shared cache may keep them.
      'cache-control': 'private, max-age=86400',
      // As with ToAPIs' files, any page may show an upload whose URL it has.
      'cross-origin-resource-policy': 'cross-origin',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    });
    if (request.method === 'HEAD') return await reply.send();
    const stream = await uploads.open(upload);
    if (!stream) throw uploadNotFound();
    return await reply.send(stream);
  },
});

/** An operator of all tenants gets the upload of the tenant that the link names. */
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
  summary: 'Get an uploaded image',
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
