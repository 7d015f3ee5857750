import type { FastifyInstance } from 'fastify';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Needs } from '../access/index.ts';
import { INTRODUCTION, SECURITY_SCHEMES, TAGS } from './about.ts';
import { fillExamples } from './examples/index.ts';
import { allowMoreFields } from './open-responses.ts';
import { addCommonResponses } from './responses.ts';
import { WEBHOOKS } from './webhooks.ts';

/** The version of the API, not of the release. Fields can be added in a major version; none is removed or changed. */
const API_VERSION = '1.0.0';

type Operation = ZodOpenApiOperationObject;
type Paths = Record<string, Record<string, Operation>>;

/**
 * Collects the operations of routes that are registered after this call.
 *
 * @returns makes the OpenAPI 3.1 document. Call it when all routes are registered. `base` is the URL of this API.
 */
export function collectOperations(app: FastifyInstance) {
  const paths: Paths = {};
  app.addHook('onRoute', ({ method, url, config }) => {
    const { doc, needs, signable } = config ?? {};
    if (!doc) return;
    const path = url.replace(/:(\w+)/g, '{$1}');
    const access =
      needs === 'anyone'
        ? { security: [] }
        : { 'x-role': needs, ...(signable ? { security: [...KEY_SECURITY, { link: [] }] } : {}) };
    const methods = [method].flat().filter((one) => one !== 'HEAD');
    const description = [doc.description, describeRole(needs)].filter(Boolean).join('\n\n');
    for (const one of methods) {
      const operation = addCommonResponses({ ...doc, description, ...access }, one);
      (paths[path] ??= {})[one.toLowerCase()] = operation;
    }
  });
  return (base: string) => createOpenApiDocument(paths, base);
}

/** The role as a sentence: tools that show the document do not show `x-role`. */
function describeRole(needs: Needs = 'operator'): string {
  if (needs === 'anyone') return '';
  if (needs === 'operator') return 'Needs a key of all tenants with the role `operate`.';
  return `Needs a key with the role \`${needs.replace(' or ', '` or `')}\`.`;
}

const KEY_SECURITY = [{ key: [] }, { password: [] }];

function createOpenApiDocument(paths: Paths, base: string) {
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version: API_VERSION,
      summary: 'A durable render queue: each image is bought once and kept.',
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: base }],
    security: KEY_SECURITY,
    tags: [...TAGS],
    components: { securitySchemes: SECURITY_SCHEMES },
    paths: sortPaths(paths) as ZodOpenApiPathsObject,
    webhooks: WEBHOOKS,
  });
  fillExamples(document);
  allowMoreFields(document);
  return document;
}

/** In the order of the tags, collections before their members. */
function sortPaths(paths: Paths): Paths {
  const rank = (item: Record<string, Operation>) =>
    TAGS.findIndex(({ name }) => name === Object.values(item)[0]?.tags?.[0]);
  return Object.fromEntries(
    Object.entries(paths).sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1)),
  );
}
