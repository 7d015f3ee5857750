import { PROBLEMS, type ProblemCode, problemSchema } from '@darkroom/api';
import type { ZodType } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';

type Answers = ZodOpenApiOperationObject['responses'];

/** A JSON answer. */
export const answer = (
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

/** The refusals of an operation, one answer a status. */
export function refusals(...codes: ProblemCode[]): Answers {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set([...ALWAYS, ...codes])) {
    const [status] = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, all]) => [
      String(status),
      {
        description: all.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join('; '),
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  ) as Answers;
}
