import {
  type ObjectStore,
  renderAnswer,
  renderLinks,
  type Standing,
  type StoredImage,
  thumbnailKey,
} from '@darkroom/shared';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bounded, STORE_LIMIT } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import { type Archive, findRenderOrImage } from '../status/index.ts';
import { baseUrl } from './base-url.ts';
import { resource } from './resource.ts';

export interface RenderDeps {
  archive: Archive;
  store: ObjectStore;
  tenantOf(request: FastifyRequest): string;
  ownUrl(): string;
}

/** How long a signed image URL works. */
const URL_LIFETIME_MS = 3_600_000;

/** `GET /v1/renders/{id}`, `…/image` and `…/thumbnail`. */
export function renderRoutes(app: FastifyInstance, deps: RenderDeps): void {
  resource(app, '/v1/renders/:id', {
    GET: async (request, reply) => {
      const standing = await found(deps, request);
      const links = renderLinks(baseUrl(request, deps.ownUrl()), standing.renderId);
      const urls = standing.image && (await imageUrls(deps.store, standing.image, links.self));
      return await reply.send(renderAnswer(standing, links, urls));
    },
  });
  resource(app, '/v1/renders/:id/image', {
    GET: async (request, reply) => {
      const { renderId, image } = await found(deps, request);
      if (!image) throw noImage(renderId);
      const extension = image.key.slice(image.key.lastIndexOf('.') + 1);
      const { key, contentType, sha256 } = image;
      return await serve(deps.store, request, reply, {
        key,
        contentType,
        tag: sha256,
        name: `${renderId}.${extension}`,
      });
    },
  });
  resource(app, '/v1/renders/:id/thumbnail', {
    GET: async (request, reply) => {
      const { renderId, image } = await found(deps, request);
      if (!image) throw noImage(renderId);
      const key = image.thumbnailKey || thumbnailKey(renderId);
      const name = `${renderId}-thumbnail.webp`;
      return await serve(deps.store, request, reply, {
        key,
        contentType: 'image/webp',
        tag: `${image.sha256}-t`,
        name,
      });
    },
  });
}

async function found(deps: RenderDeps, request: FastifyRequest): Promise<Standing> {
  const { id } = request.params as { id: string };
  const standing = await findRenderOrImage(deps.archive, deps.tenantOf(request), id);
  if (!standing) throw new ProblemError('render_not_found', 'There is no render with this id.');
  return standing;
}

const noImage = (renderId: string) =>
  new ProblemError('image_not_found', 'The render is not completed. Its status says more.', { renderId });

/** From the store itself where it can sign, else from us. A status needs no store: without one it is us, too. */
async function imageUrls(store: ObjectStore, image: StoredImage, self: string) {
  const sign = async (key: string) => await store.signedUrl(key, URL_LIFETIME_MS).catch(() => undefined);
  const [url, thumbnail] = await Promise.all([sign(image.key), sign(image.thumbnailKey)]);
  return { image: url ?? `${self}/image`, thumbnail: thumbnail ?? `${self}/thumbnail` };
}

async function serve(
  store: ObjectStore,
  request: FastifyRequest,
  reply: FastifyReply,
  object: { key: string; contentType: string; tag: string; name: string },
) {
  const etag = `"${object.tag}"`;
  reply.headers({
    etag,
    // The bytes below an id never change, but who may see them can.
    'cache-control': 'private, max-age=86400',
    'content-disposition': `inline; filename="${object.name}"`,
    // Styles: the browser's own picture page centres with them.
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
  });
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag) || known?.includes('*')) return await reply.code(304).send();

  if (request.method === 'HEAD') {
    const info = await bounded(STORE_LIMIT.small, (signal) => store.head(object.key, { signal }));
    if (!info) throw gone();
    return await reply.type(object.contentType).header('content-length', info.size).send();
  }
  // The limit is for opening: callers may read slowly, and closing the connection ends the stream.
  const opened = await bounded(STORE_LIMIT.small, (signal) => store.getStream(object.key, { signal }));
  if (!opened) throw gone();
  return await reply.type(object.contentType).header('content-length', opened.info.size).send(opened.stream);
}

const gone = () => new ProblemError('image_not_found', 'The image is no longer in the store.');
