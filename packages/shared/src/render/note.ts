import { z } from 'zod';

/** One line of what happened to a render, for people. */
export const noteSchema = z.strictObject({
  /** Unix milliseconds. */
  at: z.number(),
  text: z.string(),
});

export type Note = z.infer<typeof noteSchema>;

/** A note as a line of the job's log, and back. */
export const formatNote = (note: Note): string => `${new Date(note.at).toISOString()} ${note.text}`;

/** `undefined` for a line that somebody else wrote. */
export function parseNote(line: string): Note | undefined {
  const blank = line.indexOf(' ');
  const at = Date.parse(line.slice(0, blank));
  return blank > 0 && Number.isFinite(at) ? { at, text: line.slice(blank + 1) } : undefined;
}
