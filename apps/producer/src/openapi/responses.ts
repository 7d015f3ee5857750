import { PROBLEMS, type ProblemCode, problemSchema } from '@darkroom/api';
import type { ZodType } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';

type Operation = ZodOpenApiOperationObject;
type Responses = Operation['responses'];
type Headers = NonNullable<ZodOpenApiResponseObject['headers']>;

export const jsonResponse = (
  description: string,
  schema: ZodType,
  more: { headers?: ZodOpenApiResponseObject['headers']; type?: string } = {},
): ZodOpenApiResponseObject => ({
  description,
  content: { [more.type ?? 'application/json']: { schema } },
  ...(more.headers ? { headers: more.headers } : {}),
});

/** The problems of every operation that needs a key. */
const ALWAYS: ProblemCode[] = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'too_many_wrong_keys',
  'internal_error',
];

const RETRY_AFTER: Headers = {
  'Retry-After': {
    description: 'Seconds until you should try again.',
    schema: { type: 'integer', minimum: 0 },
  },
};
const HEADERS: { [status: number]: Headers } = {
  401: { 'WWW-Authenticate': { description: '`Bearer`.', schema: { type: 'string' } } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** The problems of an operation: one response per status, with an example of each code. */
export function problemResponses(...codes: ProblemCode[]): Responses {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set([...ALWAYS, ...codes])) {
    const [status] = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => {
      const description = all.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join('; ');
      return [String(status), problemResponse(description, all, HEADERS[status])];
    }),
  ) as Responses;
}

/** A response with one of these problems. */
export const problemResponse = (
  description: string,
  codes: ProblemCode[],
  headers?: Headers,
): ZodOpenApiResponseObject => ({
  description,
  ...(headers ? { headers } : {}),
  content: {
    'application/problem+json': {
      schema: problemSchema,
      examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
    },
  },
});

/** Every operation with a body has these: keys can have a size limit, and a Content-Type can be invalid. */
const BODY_STATUSES = ['413', '415'] as const;

/** Adds the problems that every operation has. Leaves operations with another error format unchanged. */
export function addCommonResponses(operation: Operation, method: string): Operation {
  const { responses } = operation;
  const hasProblems = Object.values(responses).some(
    (one) => (one as ZodOpenApiResponseObject).content?.['application/problem+json'],
  );
  if (!hasProblems) return operation;
  const common = problemResponses('body_too_large', 'unsupported_media_type');
  const ofBodies = method === 'GET' ? [] : BODY_STATUSES.map((status) => [status, common[status]]);
  return {
    ...operation,
    responses: {
      ...Object.fromEntries(ofBodies),
      ...responses,
      default: responses.default ?? problemResponse('Any other problem.', ['method_not_allowed']),
    },
  };
}

/** The problems of an endpoint that reads a JSON body. */
export const JSON_BODY_PROBLEMS = [
  'empty_body',
  'invalid_json',
  'invalid_utf8',
  'too_deep',
  'body_too_large',
  'invalid_request',
] as const;
