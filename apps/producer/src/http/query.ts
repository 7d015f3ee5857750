import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeUnknown, invalidRequest, listFieldProblems } from '../problems/index.ts';

/** A whole number in a query, where every value is text. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .meta({ override: { type: 'integer', minimum: min, maximum: max } });

/**
 * The checked query parameters.
 *
 * @throws {ProblemError} `invalid_request` with all problems. Unknown parameters are problems, too: a misspelt filter
 * would otherwise filter nothing.
 */
export function readQuery<S extends z.ZodObject>(
  schema: S,
  request: Pick<FastifyRequest, 'query'>,
): z.output<S> {
  const names = Object.keys(schema.shape);
  const query = request.query as Record<string, unknown>;
  const unknown = Object.keys(query)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      field: name.slice(0, 64),
      expected: names.length === 0 ? 'no parameters' : `one of ${names.join(', ')}`,
      received: describeUnknown('parameter', name, names),
    }));
  const known = Object.fromEntries(names.filter((name) => name in query).map((name) => [name, query[name]]));
  const checked = schema.safeParse(known);
  const problems = [...unknown, ...(checked.success ? [] : listFieldProblems(checked.error, known, schema))];
  if (!checked.success || problems.length > 0) throw invalidRequest(problems);
  return checked.data;
}

/** For endpoints without query parameters. */
export const noQuery = z.object({});
