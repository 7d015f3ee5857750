import { createHash } from 'node:crypto';
import reference, { type ApiReferenceConfiguration } from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';

/** Nothing that leaves this address: no fonts, no proxy, no agent, no telemetry. */
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

/** `GET /reference`: the API's description for people, made by Scalar, whose script comes from here too. */
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

/** The page's own scripts by what they are, and nothing from elsewhere. It sets styles on elements: those stay open. */
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
