import type { FastifyInstance } from 'fastify';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Needs } from '../access/index.ts';
import { SECURITY_SCHEMES, START, TAGS } from './about.ts';
import { completed } from './complete.ts';
import { fillExamples } from './examples/index.ts';
import { openAnswers } from './open-responses.ts';
import { WEBHOOKS } from './webhooks.ts';

/** Of the API, not of the house: fields may be added within a major version, none goes or changes its meaning. */
const API_VERSION = '1.0.0';

type Operation = ZodOpenApiOperationObject;
type Paths = Record<string, Record<string, Operation>>;

/**
 * Collects the operations of the routes that are registered after this call.
 *
 * @returns makes the OpenAPI 3.1 document, once all routes are there. `base` is where the caller reached us.
 */
export function describeRoutes(app: FastifyInstance) {
  const paths: Paths = {};
  app.addHook('onRoute', ({ method, url, config }) => {
    const { doc, needs, signable } = config ?? {};
    if (!doc) return;
    const path = url.replace(/:(\w+)/g, '{$1}');
    const access =
      needs === 'anyone'
        ? { security: [] }
        : { 'x-role': needs, ...(signable ? { security: [...KEYED, { link: [] }] } : {}) };
    const methods = [method].flat().filter((one) => one !== 'HEAD');
    const description = [doc.description, roleOf(needs)].filter(Boolean).join('\n\n');
    for (const one of methods)
      (paths[path] ??= {})[one.toLowerCase()] = completed({ ...doc, description, ...access }, one);
  });
  return (base: string) => documentOf(paths, base);
}

/** Pages that show the document do not show `x-role`. */
function roleOf(needs: Needs = 'house'): string {
  if (needs === 'anyone') return '';
  if (needs === 'house') return 'Needs a key of all tenants with the role `operate`.';
  return `Needs a key with the role \`${needs}\`.`;
}

const KEYED = [{ key: [] }, { password: [] }];

function documentOf(paths: Paths, base: string) {
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Darkroom',
      version: API_VERSION,
      summary: 'A durable render queue: each image is bought once and kept.',
      description: START,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: base }],
    security: KEYED,
    tags: [...TAGS],
    components: { securitySchemes: SECURITY_SCHEMES },
    paths: sorted(paths) as ZodOpenApiPathsObject,
    webhooks: WEBHOOKS,
  });
  fillExamples(document);
  openAnswers(document);
  return document;
}

/** In the order of the tags, collections before their members. */
function sorted(paths: Paths): Paths {
  const rank = (item: Record<string, Operation>) =>
    TAGS.findIndex(({ name }) => name === Object.values(item)[0]?.tags?.[0]);
  return Object.fromEntries(
    Object.entries(paths).sort(([a, one], [b, other]) => rank(one) - rank(other) || (a < b ? -1 : 1)),
  );
}
