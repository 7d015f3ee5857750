import { z } from 'zod';

/** The name of a catalogue. Object keys and runs contain it without escaping. */
export const CATALOGUE_NAME = /^[a-z0-9][a-z0-9-]{0,47}$/;
/** The name of a run of a catalogue. */
export const CATALOGUE_RUN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/;
/** A SHA-256 in hex. */
export const DIGEST = /^[0-9a-f]{64}$/;

export const digest = z.string().regex(DIGEST, { error: 'expected a SHA-256 as 64 hex digits' });
export const catalogueName = z.string().regex(CATALOGUE_NAME);
export const catalogueRun = z.string().regex(CATALOGUE_RUN, {
  error: 'expected 1 to 40 letters, digits, dashes and underscores, starting with a letter or digit',
});
export const count = (description: string) => z.number().int().min(0).meta({ description });
/** The local date of a night. */
export const nightDate = z.string().regex(/^\d{4}-\d\d-\d\d$/);
