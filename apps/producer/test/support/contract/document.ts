export interface Schema {
  $ref?: string;
  example?: unknown;
  [keyword: string]: unknown;
}

export interface Media {
  schema?: Schema;
  example?: unknown;
  examples?: Record<string, { $ref?: string; value?: unknown }>;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema?: Schema;
  example?: unknown;
}

export interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, { content?: Record<string, Media> }>;
  'x-role'?: string;
}

/** An OpenAPI document, as far as tests read it. */
export interface Described {
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; examples: Record<string, { value: unknown }> };
}

export async function readDocument(url: string): Promise<Described> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as Described;
}

export interface OperationAt {
  path: string;
  /** Upper case. */
  method: string;
  operation: Operation;
}

export const operationsOf = (document: Described): OperationAt[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

/** Every example of a content, resolved. */
export function examplesOf(document: Described, media: Media): unknown[] {
  const named = Object.values(media.examples ?? {}).map(({ $ref, value }) =>
    $ref ? document.components.examples[$ref.split('/').at(-1) ?? '']?.value : value,
  );
  return media.example === undefined ? named : [media.example, ...named];
}
