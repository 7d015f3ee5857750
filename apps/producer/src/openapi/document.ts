import type { FastifyInstance } from 'fastify';
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';

/** Of the API, not of the house: fields may be added within a major version, none goes or changes its meaning. */
const API_VERSION = '1.0.0';

/**
 * Collects the operations of the routes that are registered after this call.
 *
 * @returns makes the OpenAPI 3.1 document, once all routes are there.
 */
export function describeRoutes(app: FastifyInstance) {
  const paths: Record<string, Record<string, object>> = {};
  app.addHook('onRoute', ({ method, url, config }) => {
    const { doc, needs } = config ?? {};
    if (!doc) return;
    const path = url.replace(/:(\w+)/g, '{$1}');
    const methods = [method].flat().filter((one) => one !== 'HEAD');
    for (const one of methods) {
      (paths[path] ??= {})[one.toLowerCase()] = {
        ...doc,
        ...(needs === 'anyone' ? { security: [] } : {}),
      };
    }
  });
  return () =>
    createDocument({
      openapi: '3.1.0',
      info: {
        title: 'Darkroom',
        version: API_VERSION,
        summary: 'A durable render queue: each image is bought once and kept.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      security: [{ key: [] }],
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
      paths: paths as ZodOpenApiPathsObject,
    });
}
