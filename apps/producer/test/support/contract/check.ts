import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { type Described, type Media, type OperationAt, operationsOf, type Schema } from './document.ts';

/** An answer, read to its end or as far as somebody wanted to wait. */
export interface Answered {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** The answer was still coming when it was no longer waited for. */
  cut?: boolean;
}

export interface Contract {
  operations: OperationAt[];
  /** What is wrong with an answer of an operation, or nothing. Fields that are not described are wrong, too. */
  faultOf(operation: OperationAt, answered: Answered): string | undefined;
  /** What is wrong with the refusal of a method or an address that is none, near that of an operation. */
  faultOfOther(operation: OperationAt, answered: Answered): string | undefined;
  faultOfValue(schema: Schema, value: unknown): string | undefined;
}

/** Holds answers to what the document says of them, as closely as it says it. */
export function contractOf(document: Described): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const schemas = closed(document.components.schemas, sentBy(document));
  ajv.addSchema({ $id: 'api', components: { schemas } });
  const compiled = new Map<string, ValidateFunction>();
  const faultOfValue = (schema: Schema, value: unknown) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text));
    compiled.set(text, validate);
    if (validate(value)) return undefined;
    return `${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)?.slice(0, 600)}`;
  };
  const faultOfMedia = (type: string, media: Media, { body, cut }: Answered) => {
    const text = body.toString('utf8');
    if (type === 'text/event-stream') return faultOfEvents(text, faultOfValue);
    if (type === 'application/x-ndjson') {
      const lines = text
        .split('\n')
        .slice(0, cut ? -1 : undefined)
        .filter(Boolean);
      return first(
        lines.map((line) => faultOfJson(line, (value) => faultOfValue(media.schema ?? {}, value))),
      );
    }
    if (!/json/.test(type)) return body.length > 0 || cut ? undefined : 'an empty body';
    return faultOfJson(text, (value) => faultOfValue(media.schema ?? {}, value));
  };
  return {
    operations: operationsOf(document),
    faultOfValue,
    faultOf({ operation }, answered) {
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
      return faultOfMedia(type, media, answered);
    },
    faultOfOther({ operation }, { status, headers, body }) {
      const kind = operation.tags?.includes('Drop-in') ? 'ProviderError' : 'Problem';
      const refusal = { $ref: `#/components/schemas/${kind}` };
      // 400 is an address that cannot be read; 403 a browser of another site, before anybody looks at the method.
      if (![400, 403, 404, 405].includes(status)) return `${status} where a plain refusal was due`;
      if (status === 405 && !headers['allow']) return '405 without Allow';
      return faultOfJson(body.toString('utf8'), (value) => faultOfValue(refusal, value));
    },
  };
}

function faultOfJson(text: string, faultOf: (value: unknown) => string | undefined): string | undefined {
  try {
    return faultOf(JSON.parse(text));
  } catch {
    return `no JSON: ${text.slice(0, 200)}`;
  }
}

const EVENTS: Record<string, string> = {
  status: 'Render',
  end: 'Render',
  progress: 'Progress',
  image: 'Image',
};

/** Server-sent events: known names, and data as the component of that name. The last one may be cut off. */
function faultOfEvents(text: string, faultOf: Contract['faultOfValue']): string | undefined {
  const blocks = text.split('\n\n').slice(0, -1);
  return first(
    blocks.map((block) => {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data === undefined) return /^(:|retry:|id:)/.test(block) ? undefined : `an odd event: ${block}`;
      const component = EVENTS[/^event: (.*)$/m.exec(block)?.[1] ?? ''];
      if (!component) return `an unknown event: ${block}`;
      return faultOfJson(data, (value) => faultOf({ $ref: `#/components/schemas/${component}` }, value));
    }),
  );
}

const first = (faults: (string | undefined)[]) => faults.find((fault) => fault !== undefined);

/** Answers are described as open, so that they may grow. What is there today is told to the last field. */
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

const sentBy = (document: Described) =>
  new Set(
    operationsOf(document).flatMap(({ operation }) =>
      [...JSON.stringify(operation.requestBody ?? {}).matchAll(/schemas\/(\w+)"/g)].map(
        ([, name = '']) => name,
      ),
    ),
  );
