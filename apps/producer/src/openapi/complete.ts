import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject } from 'zod-openapi';
import { problemResponse, problemResponses } from './responses.ts';

type Operation = ZodOpenApiOperationObject;

/** Whatever an operation that takes a body does with it: a key may have a limit, and a type may be none at all. */
const OF_BODIES = ['413', '415'] as const;

/** An operation with the refusals that it need not tell itself. One that does not answer problems stays as it is. */
export function addCommonResponses(operation: Operation, method: string): Operation {
  const { responses } = operation;
  const problems = Object.values(responses).some(
    (one) => (one as ZodOpenApiResponseObject).content?.['application/problem+json'],
  );
  if (!problems) return operation;
  const common = problemResponses('body_too_large', 'unsupported_media_type');
  const ofBodies = method === 'GET' ? [] : OF_BODIES.map((status) => [status, common[status]]);
  return {
    ...operation,
    responses: {
      ...Object.fromEntries(ofBodies),
      ...responses,
      default: responses.default ?? problemResponse('Any other refusal.', ['method_not_allowed']),
    },
  };
}
