import { createHash } from 'node:crypto';
import reference, { type ApiReferenceConfiguration } from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { resolveBaseUrl } from '../http/index.ts';
import type { collectOperations } from './document.ts';

/** `GET /openapi.json`. */
export function registerOpenApi(
  app: FastifyInstance,
  createDocument: ReturnType<typeof collectOperations>,
): void {
  let document: ReturnType<typeof createDocument> | undefined;
  registerEndpoints(app, '/openapi.json', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) => {
        document ??= createDocument('/');
        return await reply.send({ ...document, servers: [{ url: resolveBaseUrl(request) }] });
      },
    },
  });
}

/** Loads nothing from other hosts: no fonts, no proxy, no agent, no telemetry. */
const REFERENCE_CONFIG = {
  url: '/openapi.json',
  pageTitle: 'Darkroom API',
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  documentDownloadType: 'json',
  defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  defaultOpenAllTags: true,
  metaData: { title: 'Darkroom API' },
} satisfies Partial<ApiReferenceConfiguration>;

/** `GET /reference`: the OpenAPI document as a page. Made by Scalar, whose script this API serves, too. */
export async function registerReference(app: FastifyInstance): Promise<void> {
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, needs: 'anyone' };
    });
    scope.addHook('onSend', async (_request, reply, payload) => {
      const type = String(reply.getHeader('content-type') ?? '');
      if (type.startsWith('text/html') && typeof payload === 'string') {
        reply.header('content-security-policy', createContentPolicy(payload));
      } else if (type.includes('javascript')) {
        reply.header('cache-control', 'private, max-age=86400');
      }
      return payload;
    });
    await scope.register(reference, { routePrefix: '/reference', configuration: REFERENCE_CONFIG });
  });
}

/** Allows the page's own scripts by their hash, and nothing from other hosts. Scalar sets inline styles. */
const createContentPolicy = (page: string) =>
  [
    "default-src 'none'",
    `script-src 'self' ${[...page.matchAll(/<script[^>]*>([^]*?)<\/script>/g)]
      .map(([, text = '']) => text)
      .filter((text) => text.trim())
      .map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
      .join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
