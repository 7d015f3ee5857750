import { FAILURE_CODES, STEPS } from '@darkroom/api';
import { z } from 'zod';

/** The image providers of which Darkroom can buy. Persisted with each purchase. */
export const providerNameSchema = z.enum(['toapis']);

export type ProviderName = z.infer<typeof providerNameSchema>;

/** A stored image. Its keys are relative to the store. */
export const storedImageSchema = z.strictObject({
  key: z.string(),
  sha256: z.string(),
  bytes: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  contentType: z.string(),
  thumbnailKey: z.string(),
  /** How the image differs from its request, for people. Absent when it does not differ. */
  warnings: z.array(z.string()).optional(),
});

export type StoredImage = z.infer<typeof storedImageSchema>;

/** Why a render failed. The checkpoint, the dead letter and the receipt contain it. Scrubbed of secrets (I8). */
export const failureSchema = z.strictObject({
  code: z.enum(FAILURE_CODES),
  message: z.string(),
  step: z.enum(STEPS),
  /** Unix milliseconds. */
  at: z.number(),
  /** Causes, outermost first. For a bug, the last element is its stack. */
  chain: z.array(z.string()),
});

export type Failure = z.infer<typeof failureSchema>;

/** A failure after which a render was redriven. Its receipt and its dead letter contain the last ones. */
export const earlierFailureSchema = z.object({
  code: z.enum(FAILURE_CODES),
  message: z.string(),
  step: z.enum(STEPS),
  /** Unix milliseconds. */
  at: z.number(),
  /** When (Unix ms) the redrive began. */
  redrivenAt: z.number().optional(),
});

export type EarlierFailure = z.infer<typeof earlierFailureSchema>;

/** One line of a render's timeline, for people. */
export const noteSchema = z.strictObject({
  /** Unix milliseconds. */
  at: z.number(),
  text: z.string(),
});

export type Note = z.infer<typeof noteSchema>;

/** Formats a note as a line of the job's log. */
export const formatNote = (note: Note): string => `${new Date(note.at).toISOString()} ${note.text}`;

/** Parses a line of a job's log. @returns `undefined` for a line that is no note. */
export function parseNote(line: string): Note | undefined {
  const blank = line.indexOf(' ');
  const at = Date.parse(line.slice(0, blank));
  return blank > 0 && Number.isFinite(at) ? { at, text: line.slice(blank + 1) } : undefined;
}
