import { RENDER_ID } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { listFieldProblems } from '../problems/field-problems.ts';
import { invalidRequest } from '../problems/index.ts';

/** `{id}`, as the API describes it. Another text is the id of no render: a 404. */
export const idParam = z.object({
  id: z.string().regex(RENDER_ID).meta({ example: 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' }),
});

/** A whole number in a query, which is text. */
export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `expected a whole number from ${min} to ${max}`,
    })
    .transform(Number)
    .meta({ override: { type: 'integer', minimum: min, maximum: max } });

/**
 * The parameters after the `?`, checked.
 *
 * @throws {ProblemError} `invalid_request` that names all that are wrong, unknown ones too: a misspelt filter would
 * otherwise be no filter.
 */
export function readQuery<S extends z.ZodObject>(schema: S, request: FastifyRequest): z.output<S> {
  const names = Object.keys(schema.shape);
  const query = request.query as Record<string, unknown>;
  const unknown = Object.keys(query)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      field: name.slice(0, 64),
      expected: names.length === 0 ? 'no parameters' : `one of ${names.join(', ')}`,
      received: 'an unknown parameter',
    }));
  const known = Object.fromEntries(names.filter((name) => name in query).map((name) => [name, query[name]]));
  const checked = schema.safeParse(known);
  const problems = [...unknown, ...(checked.success ? [] : listFieldProblems(checked.error, known))];
  if (!checked.success || problems.length > 0) throw invalidRequest(problems);
  return checked.data;
}

/** Bytes of a body where nothing need be said. */
export const EMPTY_BODY_BYTES = 16 * 1024;

/** For addresses that take none. */
export const noQuery = z.object({});
