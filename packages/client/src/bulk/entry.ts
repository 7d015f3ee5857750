import type { DarkroomError } from '../errors.ts';
import { serialize } from '../render-request.ts';
import type { AcceptedRender, RenderRequest } from '../types.ts';

/** What became of one request. Exactly one of `render` and `error` is there. */
export type CreateManyResult = {
  /** Position in the source, from 0. */
  index: number;
  request: RenderRequest;
} & ({ render: AcceptedRender; error?: undefined } | { render?: undefined; error: DarkroomError });

export type Outcome = { render: AcceptedRender } | { error: DarkroomError };

/** A request on its way. */
export interface Entry {
  index: number;
  request: RenderRequest;
  /** What is sent, without its line end. */
  line: string;
  /** Its key is of this call alone: nobody else can have made a render under it. */
  ours: boolean;
  outcome?: Outcome;
}

/** @param key of the call @param drawn whether the key was drawn for it */
export function entryOf(request: RenderRequest, index: number, key: string, drawn: boolean): Entry {
  const isObject = typeof request === 'object' && request !== null && !Array.isArray(request);
  const keyed = isObject && request.idempotency_key === undefined;
  const entry = { index, request, ours: keyed && drawn };
  try {
    const line = serialize(keyed ? { ...request, idempotency_key: `${key}:${index}` } : request);
    return { ...entry, line };
  } catch (error) {
    return { ...entry, line: '', outcome: { error: error as DarkroomError } };
  }
}

export function resultOf({ index, request }: Entry, outcome: Outcome): CreateManyResult {
  return { index, request, ...outcome };
}
