import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Described, type Media, type OperationAt, operationsOf, type Schema } from './document.ts';

/** A response that was read to its end, or until a time limit. */
export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The time limit was reached before the end of the response. */
  cut?: boolean;
}

export interface Contract {
  operations: OperationAt[];
  /** What is wrong with a response of an operation, or `undefined`. Undocumented fields are wrong, too. */
  findFault(operation: OperationAt, answered: Answered): string | undefined;
  /** What is wrong with the response to an unknown method or path, near those of an operation. */
  findOtherFault(operation: OperationAt, answered: Answered): string | undefined;
  findValueFault(schema: Schema, value: unknown): string | undefined;
}

/** Checks responses against the OpenAPI document. */
export function createContract(document: Described): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const schemas = closed(document.components.schemas, listRequestSchemas(document));
  ajv.addSchema({ $id: 'api', components: { schemas } });
  const compiled = new Map<string, ValidateFunction>();
  const findValueFault = (schema: Schema, value: unknown) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    if (validate(value)) return undefined;
    return `${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 600)}`;
  };
  const findMediaFault = (type: string, media: Media, { body, cut }: Answered) => {
    const text = body.toString('utf8');
    if (type === 'text/event-stream') return findEventFault(text, findValueFault);
    if (type === 'application/x-ndjson') {
      const lines = text
        .split('\n')
        .slice(0, cut ? -1 : undefined)
        .filter(Boolean);
      return first(
        lines.map((line) => findJsonFault(line, (value) => findValueFault(media.schema ?? {}, value))),
      );
    }
    if (!/json/.test(type)) return body.length > 0 || cut ? undefined : 'an empty body';
    return findJsonFault(text, (value) => findValueFault(media.schema ?? {}, value));
  };
  return {
    operations: operationsOf(document),
    findValueFault,
    findFault({ operation }, answered) {
      const { status, headers, body } = answered;
      const described = operation.responses[String(status)];
      if (!described) return `status ${status} is not described: ${body.toString('utf8').slice(0, 300)}`;
      if (!described.content) return body.length === 0 ? undefined : `a body where none is described`;
      const type =
        String(headers['content-type'] ?? '')
          .split(';')[0]
          ?.trim() ?? '';
      const media = described.content[type] ?? described.content[type.replace(/\/.*/, '/*')];
      if (!media) return `content type ${type} is not described for ${status}`;
      return findMediaFault(type, media, answered);
    },
    findOtherFault({ operation }, { status, headers, body }) {
      const kind = operation.tags?.includes('Drop-in') ? 'ProviderError' : 'Problem';
      const schema = { $ref: `#/components/schemas/${kind}` };
      // A browser without a key is led to the sign-in.
      if (status === 303 && String(headers['location']).startsWith('/sign-in?')) return undefined;
      // 400: a URL that cannot be decoded. 403: another site's page, which is checked before the method.
      if (![400, 403, 404, 405].includes(status)) return `${status} instead of a plain error`;
      if (status === 405 && !headers['allow']) return '405 without Allow';
      return findJsonFault(body.toString('utf8'), (value) => findValueFault(schema, value));
    },
  };
}

function findJsonFault(text: string, findFault: (value: unknown) => string | undefined): string | undefined {
  try {
    return findFault(JSON.parse(text));
  } catch {
    return `no JSON: ${text.slice(0, 200)}`;
  }
}

const EVENTS: Record<string, string> = {
  status: 'Render',
  end: 'Render',
  progress: 'Progress',
  image: 'Image',
  run: 'Run',
  finished: 'Run',
};

/** Server-sent events: known names, and data as the component of that name. The last one may be cut off. */
function findEventFault(text: string, findFault: Contract['findValueFault']): string | undefined {
  const blocks = text.split('\n\n').slice(0, -1);
  return first(
    blocks.map((block) => {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) return /^(:|retry:|id:)/.test(block) ? undefined : `an odd event: ${block}`;
      const component = EVENTS[/^event: (.*)$/m.exec(block)?.[1] ?? ''];
      if (!component) return `an unknown event: ${block}`;
      return findJsonFault(data, (value) => findFault({ $ref: `#/components/schemas/${component}` }, value));
    }),
  );
}

const first = (faults: (string | undefined)[]) => faults.find((fault) => fault !== undefined);

/** The document allows more fields in responses. Today's responses must not have any. */
function closed(schemas: Record<string, Schema>, open: Set<string>): Record<string, Schema> {
  const close = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(close);
    if (typeof part !== 'object' || part === null) return part;
    const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, close(value)]));
    return inner['properties'] && inner['additionalProperties'] === undefined
      ? { ...inner, additionalProperties: false }
      : inner;
  };
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      open.has(name) ? schema : (close(schema) as Schema),
    ]),
  );
}

const listRequestSchemas = (document: Described) =>
  new Set(
    operationsOf(document).flatMap(({ operation }) =>
      [...JSON.stringify(operation.requestBody ?? {}).matchAll(/schemas\/(\w+)"/g)].map(
        ([, name = '']) => name,
      ),
    ),
  );
