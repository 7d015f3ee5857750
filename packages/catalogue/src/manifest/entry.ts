import { z } from 'zod';
import { DIGITAL_SOURCE_TYPES, IMAGE_FORMATS } from '../file/index.ts';

/** Persisted in every line. */
export const MANIFEST_VERSION = 1;

const dollars = z.string().regex(/^\d+\.\d{3,6}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();

/**
 * One item of a run: a line of `manifest.jsonl`. Readers join by `key` and `view`, never by position.
 *
 * Every item of the source has exactly one line, whatever became of it. An item that was removed from the source has none.
 */
export const manifestEntrySchema = z.strictObject({
  version: z.literal(MANIFEST_VERSION),
  /** Empty for a quarantined row without a valid key. It names no item. */
  key: z.string(),
  view: z.string().nullable(),
  /** The file name of the image. Empty for a quarantined item without an image. */
  name: z.string(),
  /** The line of its row in the source of this run. */
  line: z.number().int().positive(),
  /** Of the inputs: the version of the hash and 64 hex digits. */
  hash: z.string().regex(/^\d+:[0-9a-f]{64}$/),
  /**
   * The hash of the inputs as the catalogue has them, where a review gave another prompt. Absent: it is `hash`. Without it, the
   * next plan would take the prompt of the catalogue for a change, and buy again.
   */
  source_hash: z
    .string()
    .regex(/^\d+:[0-9a-f]{64}$/)
    .optional(),
  /**
   * What the hash is made from, so that a plan can explain a change. Of a quarantined item: that of its image. An item that never
   * had one has an empty prompt.
   */
  inputs: z.strictObject({
    prompt: z.string(),
    model: z.string(),
    size: z.string().nullable(),
    resolution: z.string(),
    format: z.enum(IMAGE_FORMATS),
    references: z.array(z.string()),
  }),
  /**
   * `completed`: the image exists. `failed`: it was bought or tried, and there is no image. `not_bought`: the deadline, the
   * budget or a cancel came first. `quarantined`: its row was not valid; it keeps the image of the last good run.
   */
  status: z.enum(['completed', 'failed', 'not_bought', 'quarantined']),
  /** Where a completed image is from: this run, or an earlier one. Null without an image. */
  origin: z.enum(['new', 'reused']).nullable(),
  /** The run that bought the image, and its render. */
  run: z.string().nullable(),
  render_id: z.string().nullable(),
  /** The object of the image in the store. Readers take every image, whatever the status. */
  image: z
    .strictObject({
      key: z.string().min(1),
      sha256: digest,
      bytes: z.number().int().positive(),
      width: z.number().int().positive(),
      height: z.number().int().positive(),
      content_type: z.string().min(1),
      /** What the run wrote into its XMP. Absent: nothing. */
      digital_source_type: z.enum(DIGITAL_SOURCE_TYPES).optional(),
    })
    .nullable(),
  /** What this run spent on the item, in US dollars. A reused image cost nothing. */
  cost: z.strictObject({ spent: dollars, refunded: dollars, possibly_spent: dollars }),
  error: z
    .strictObject({
      code: z.string().min(1),
      message: z.string(),
      /** Of a quarantined item: the column, or the field of the catalogue file. */
      field: z.string().nullable().optional(),
    })
    .nullable(),
  finished_at: time.nullable(),
});
export type ManifestEntry = z.infer<typeof manifestEntrySchema>;

/** The object that names the last good run. It is the only one that a run replaces, with one atomic write. */
export const latestRunSchema = z.strictObject({
  version: z.literal(MANIFEST_VERSION),
  catalogue: z.string().min(1),
  run: z.string().min(1),
  manifest: z.strictObject({
    key: z.string().min(1),
    sha256: digest,
    bytes: z.number().int().nonnegative(),
    items: z.number().int().nonnegative(),
  }),
  source: z.strictObject({
    sha256: digest,
    bytes: z.number().int().nonnegative(),
    rows: z.number().int().nonnegative(),
  }),
  /** When the run was requested. A run that was requested earlier never replaces it. */
  requested_at: time,
  finished_at: time,
});
export type LatestRun = z.infer<typeof latestRunSchema>;

/** The prefix of everything that the store has of catalogues: a folder per tenant. */
export const CATALOGUES_PREFIX = 'catalogues/';
/** The prefix of everything that the store has of a catalogue. */
export const cataloguePrefix = (tenant: string, name: string) => `${CATALOGUES_PREFIX}${tenant}/${name}/`;
export const latestRunKey = (tenant: string, name: string) => `${cataloguePrefix(tenant, name)}latest.json`;
/** The prefix of all runs of a catalogue. */
export const runsPrefix = (tenant: string, name: string) => `${cataloguePrefix(tenant, name)}runs/`;
/** The prefix of everything that a run wrote. */
export const runPrefix = (tenant: string, name: string, run: string) => `${runsPrefix(tenant, name)}${run}/`;
export const summaryKey = (tenant: string, name: string, run: string) =>
  `${runPrefix(tenant, name, run)}summary.json`;
export const manifestKey = (tenant: string, name: string, run: string) =>
  `${runPrefix(tenant, name, run)}manifest.jsonl`;

/** The identity of an item in a catalogue, for maps. */
export const formatItemId = ({ key, view }: { key: string; view: string | null }) =>
  JSON.stringify([key, view]);
