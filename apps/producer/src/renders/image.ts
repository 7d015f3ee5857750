import { type ObjectStore } from '@darkroom/shared/object-store';
import { thumbnailKey } from '@darkroom/shared/render';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { problemResponses } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import { findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { idParam } from './params.ts';

/** `GET /v1/renders/{id}/image`: the bytes from the store, also where the store can sign URLs. */
export const imageEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  signable: true,
  doc: describeImage('getRenderImage', "Get a render's image", 'image/*'),
  run: async (request, reply) => {
    const { renderId, image } = await findRequestedRender(deps, request);
    if (!image) throw noImage(renderId);
    const { key, contentType, sha256: tag } = image;
    const name = `${renderId}.${key.slice(key.lastIndexOf('.') + 1)}`;
    return await sendImage(deps.store, request, reply, { key, contentType, tag, name });
  },
});

/** `GET /v1/renders/{id}/thumbnail`. */
export const thumbnailEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  signable: true,
  doc: describeImage('getRenderThumbnail', "Get a thumbnail of a render's image", 'image/webp'),
  run: async (request, reply) => {
    const { renderId, image } = await findRequestedRender(deps, request);
    if (!image) throw noImage(renderId);
    const key = image.thumbnailKey || thumbnailKey(renderId);
    const name = `${renderId}-thumbnail.webp`;
    const tag = `${image.sha256}-t`;
    return await sendImage(deps.store, request, reply, { key, contentType: 'image/webp', tag, name });
  },
});

const noImage = (renderId: string) =>
  new ProblemError('image_not_found', 'The render is not completed. Its status says more.', { renderId });

async function sendImage(
  store: ObjectStore,
  request: FastifyRequest,
  reply: FastifyReply,
  object: { key: string; contentType: string; tag: string; name: string },
) {
  const etag = `"${object.tag}"`;
  reply.headers({
    etag,
    // The bytes of an image never change, but the right to read them can: no shared cache may keep them.
    'cache-control': 'private, max-age=86400',
    'content-disposition': `inline; filename="${object.name}"`,
    // As with the provider's files, any page may show an image whose link it has. But no page may use the password
    // that a browser has stored.
    'cross-origin-resource-policy':
      request.headers.authorization === undefined ? 'cross-origin' : 'same-origin',
    // The page on which a browser shows a single image needs styles.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  });
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag) || known?.includes('*')) return await reply.code(304).send();

  if (request.method === 'HEAD') {
    const info = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      store.head(object.key, { signal }),
    );
    if (!info) throw imageGone();
    return await reply.type(object.contentType).header('content-length', info.size).send();
  }
  // The deadline is for opening: callers may read slowly, and closing the connection ends the stream.
  const opened = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    store.getStream(object.key, { signal }),
  );
  if (!opened) throw imageGone();
  return await reply.type(object.contentType).header('content-length', opened.info.size).send(opened.stream);
}

const imageGone = () => new ProblemError('image_not_found', 'The image is no longer in the store.');

const describeImage = (operationId: string, summary: string, type: string) => ({
  operationId,
  tags: ['Renders'],
  summary,
  requestParams: { path: idParam },
  responses: {
    '200': {
      description: 'The bytes.',
      headers: {
        ETag: { description: "Never changes for a render's image.", schema: { type: 'string' as const } },
      },
      content: { [type]: { schema: z.string().meta({ override: { type: 'string', format: 'binary' } }) } },
    },
    '304': { description: 'The ETag is one of `If-None-Match`: your copy is current.' },
    ...problemResponses(
      'render_not_found',
      'image_not_found',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
});
