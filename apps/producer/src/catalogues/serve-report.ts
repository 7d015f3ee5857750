import { cataloguePrefix, createPlaceScript, REPORT_FILE } from '@darkroom/catalogue';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { problemResponses } from '../openapi/index.ts';
import { ProblemError } from '../problems/index.ts';
import { findCatalogue } from './find-catalogue.ts';

/** Scripts, styles, images and calls of this API only. A data URI is the empty icon of the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Nothing but images is served as an image: a store can have other files. */
const IMAGE_TYPES: Record<string, string> = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };

const RUN = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,127}$/;
const IMAGE_NAME = /^[A-Za-z0-9_=-][A-Za-z0-9._=-]{0,254}$/;

/** `GET /v1/catalogues/{name}/runs/{run}/report.html`: the page. */
export const reportEndpoint = (store: ObjectStore): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    const folder = await findRunFolder(store, request);
    reply.header('content-security-policy', POLICY);
    return await sendFile(store, request, reply, {
      key: `${folder}report.html`,
      type: 'text/html; charset=utf-8',
      maxAge: 0,
    });
  },
});

/** Its scripts and styles. Where images are depends on from where the page is opened, so this API says it. */
export const reportFileEndpoint = (store: ObjectStore): Endpoint => ({
  needs: 'read',
  run: async (request, reply) => {
    const { file } = request.params as { file: string };
    if (!REPORT_FILE.test(file)) throw notFound();
    const type = file.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8';
    if (file === 'place.js') {
      const catalogue = await findCatalogue(store, request);
      return await reply
        .type(type)
        .header('cache-control', 'no-cache')
        .send(createPlaceScript('api', catalogue));
    }
    const folder = await findRunFolder(store, request);
    return await sendFile(store, request, reply, { key: `${folder}report/${file}`, type, maxAge: 60 });
  },
});

/** An image that the run delivered. */
export const reportImageEndpoint = (store: ObjectStore): Endpoint => ({
  needs: 'read',
  run: async (request, reply) => {
    const { file } = request.params as { file: string };
    const type = IMAGE_TYPES[file.slice(file.lastIndexOf('.') + 1)];
    if (!IMAGE_NAME.test(file) || type === undefined) throw notFound();
    const folder = await findRunFolder(store, request);
    return await sendFile(store, request, reply, { key: `${folder}images/${file}`, type, maxAge: 86_400 });
  },
});

async function findRunFolder(store: ObjectStore, request: FastifyRequest): Promise<string> {
  const { run } = request.params as { run: string };
  if (!RUN.test(run)) throw notFound();
  const { tenant, name } = await findCatalogue(store, request);
  return `${cataloguePrefix(tenant, name)}runs/${run}/`;
}

async function sendFile(
  store: ObjectStore,
  request: FastifyRequest,
  reply: FastifyReply,
  { key, type, maxAge }: { key: string; type: string; maxAge: number },
) {
  // The right to read it can change: no shared cache may keep it.
  reply.header('cache-control', maxAge === 0 ? 'private, no-cache' : `private, max-age=${maxAge}`);
  reply.header('x-content-type-options', 'nosniff');
  if (request.method === 'HEAD') {
    const info = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => store.head(key, { signal }));
    if (!info) throw notFound();
    return await reply.type(type).header('content-length', info.size).send();
  }
  // The deadline is for opening: a browser may read slowly, and closing the connection ends the stream.
  const opened = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    store.getStream(key, { signal }),
  );
  if (!opened) throw notFound();
  return await reply.type(type).header('content-length', opened.info.size).send(opened.stream);
}

const notFound = () => new ProblemError('report_not_found', 'There is no such file of a report.');

const doc = {
  operationId: 'getCatalogueReport',
  tags: ['Catalogues'],
  summary: 'Open the report of a run',
  description:
    'A page for a browser: the images of the run, with filters, money and reviews. It loads its scripts and images from paths below its own.',
  requestParams: {
    path: z.object({
      name: z.string().meta({ example: 'shoes', description: 'For a key of all tenants: `acme:shoes`.' }),
      run: z.string().meta({ example: 'night-2026-11-26' }),
    }),
  },
  responses: {
    '200': {
      description: 'The page.',
      content: { 'text/html': { schema: z.string().meta({ override: { type: 'string' } }) } },
    },
    ...problemResponses('catalogue_not_found', 'report_not_found', 'store_unavailable'),
  },
};
