import { PROBLEMS, type ProblemCode, problemSchema } from '@darkroom/api';
import type { ZodType } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';

type Responses = ZodOpenApiOperationObject['responses'];
type Headers = NonNullable<ZodOpenApiResponseObject['headers']>;

/** A JSON answer. */
export const jsonResponse = (
  description: string,
  schema: ZodType,
  more: { headers?: ZodOpenApiResponseObject['headers']; type?: string } = {},
): ZodOpenApiResponseObject => ({
  description,
  content: { [more.type ?? 'application/json']: { schema } },
  ...(more.headers ? { headers: more.headers } : {}),
});

/** What any address with a key may answer. */
const ALWAYS: ProblemCode[] = ['bad_request', 'unauthorized', 'forbidden', 'rate_limited', 'internal_error'];

const RETRY_AFTER: Headers = {
  'Retry-After': {
    description: 'Seconds after which it is worth trying again.',
    schema: { type: 'integer', minimum: 0 },
  },
};
const HEADERS: { [status: number]: Headers } = {
  401: { 'WWW-Authenticate': { description: '`Bearer`; for browsers `Basic`.', schema: { type: 'string' } } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** The refusals of an operation, one answer a status, each with an example of every code that it may have. */
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

/** An answer that says no, in one of these ways. */
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
