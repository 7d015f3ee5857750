import type { DeadLetterFilter } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';
import type { OpenDeadLetter } from './dead-letter.ts';
import { createMatcher } from './filter.ts';

/** The open dead letters that a request selects by `ids` or `filter`, among those that its caller may see. */
export function selectDeadLetters(
  letters: readonly OpenDeadLetter[],
  request: FastifyRequest,
  { ids, filter }: { ids?: string[] | undefined; filter?: DeadLetterFilter | undefined },
): OpenDeadLetter[] {
  const matches = createMatcher(request, filter ?? {}, 'filter.');
  const wanted = ids && new Set(ids);
  return letters.filter((letter) => (wanted?.has(letter.renderId) ?? true) && matches(letter));
}
