import { RENDER_ID } from '@darkroom/api';
import { z } from 'zod';

/**
 * A position in a tenant's list of renders: newest first, by id within a millisecond. That is the order of the day
 * index's keys. A render's position never changes, so a caller that pages through the list gets every render once.
 */
export interface Position {
  /** Unix milliseconds. */
  createdAt: number;
  renderId: string;
}

/** Used in place of a render id: sorts after all renders of its millisecond. */
export const END_OF_MILLISECOND = 'z';

export const isAfter = (one: Position, other: Position): boolean =>
  one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.renderId > other.renderId);

const cursorSchema = z.strictObject({
  v: z.literal(1),
  at: z.number().int().min(0).max(Date.UTC(9999, 0)),
  id: z.union([z.string().regex(RENDER_ID), z.literal(END_OF_MILLISECOND)]),
});

/** A position as an opaque text for callers. */
export function toCursor({ createdAt, renderId }: Position): string {
  const cursor: z.infer<typeof cursorSchema> = { v: 1, at: createdAt, id: renderId };
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** @returns `undefined` for a text that is no cursor of this API. */
export function parseCursor(cursor: string): Position | undefined {
  if (!/^[\w-]{1,200}$/.test(cursor)) return undefined;
  try {
    const { at, id } = cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { createdAt: at, renderId: id };
  } catch {
    return undefined;
  }
}
