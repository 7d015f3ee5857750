interface Described {
  paths?: Record<string, Record<string, { requestBody?: unknown; responses?: unknown }>>;
  webhooks?: unknown;
  components?: { schemas?: Record<string, object> };
}

/**
 * Answers may get more fields one day: a client that was made from this document must not refuse them. What callers
 * send stays as closed as it is, for a misspelt field is worth a word.
 */
export function allowMoreFields(openApi: object): void {
  const { paths = {}, webhooks, components } = openApi as Described;
  const schemas = components?.schemas ?? {};
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const sent = findComponents(
    operations.map(({ requestBody }) => requestBody),
    schemas,
  );
  const answers = Object.keys(schemas).filter((name) => !sent.has(name));
  removeClosedObjects([
    operations.map(({ responses }) => responses),
    webhooks,
    answers.map((name) => schemas[name]),
  ]);
}

/** The components that a part of the document leads to. */
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
