import { listFieldProblems } from '@darkroom/shared/field-problems';
import type { z } from 'zod';
import { invalidRequest } from './problem.ts';

/**
 * A value of a caller, as the schema reads it.
 *
 * @throws {ProblemError} `invalid_request` with all problems.
 */
export function checkRequest<S extends z.ZodType>(value: unknown, schema: S): z.output<S> {
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw invalidRequest(listFieldProblems(checked.error, value, schema));
}
