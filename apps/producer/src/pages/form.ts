import type { FastifyRequest } from 'fastify';
import { getBodyBytes } from '../http/index.ts';

export const MAX_FORM_BYTES = 16 * 1024;
/** Enough for all ids that a form can select. */
export const MAX_SELECTION_BYTES = 64 * 1024;

/** The fields of a form that are filled in. Forms send their empty fields, too. */
export function readForm(request: FastifyRequest): URLSearchParams {
  const filled = new URLSearchParams();
  for (const [name, value] of new URLSearchParams(getBodyBytes(request).toString('utf8'))) {
    if (value.trim() !== '') filled.append(name, value.trim());
  }
  return filled;
}

/** The fields of a query that are filled in. */
export const readFilledFields = (query: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, unknown>).flatMap(([name, value]) =>
      typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : [],
    ),
  );
