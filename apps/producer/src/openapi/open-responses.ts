interface Described {
  paths?: Record<string, Record<string, { requestBody?: unknown; responses?: unknown }>>;
  webhooks?: unknown;
  components?: { schemas?: Record<string, object> };
}

/**
 * Allows more fields in responses, because later versions may add some: a client that is generated from this document
 * must accept them. Requests stay closed, so that a misspelt field is reported.
 */
export function allowMoreFields(openApi: object): void {
  const { paths = {}, webhooks, components } = openApi as Described;
  const schemas = components?.schemas ?? {};
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const requested = findComponents(
    operations.map(({ requestBody }) => requestBody),
    schemas,
  );
  const responses = Object.keys(schemas).filter((name) => !requested.has(name));
  removeClosedObjects([
    operations.map((operation) => operation.responses),
    webhooks,
    responses.map((name) => schemas[name]),
  ]);
}

/** The components that a part of the document refers to, directly or through others. */
function findComponents(
  part: unknown,
  schemas: Record<string, object>,
  found = new Set<string>(),
): Set<string> {
  for (const [, name = ''] of (JSON.stringify(part) ?? '').matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    if (found.has(name)) continue;
    found.add(name);
    findComponents(schemas[name], schemas, found);
  }
  return found;
}

function removeClosedObjects(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  if ('additionalProperties' in part && part.additionalProperties === false) delete part.additionalProperties;
  for (const inner of Object.values(part)) removeClosedObjects(inner);
}
