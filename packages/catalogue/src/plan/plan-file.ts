import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GUARDS } from './guards.ts';

export const PLAN_VERSION = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

/**
 * A plan that was approved: `plan.json`. A run of it must read a catalogue file, a source and a manifest with these
 * digests, must make decisions with this digest, and must spend no more than this price. So it executes exactly what was
 * approved, or it stops.
 */
export const planFileSchema = z.strictObject({
  version: z.literal(PLAN_VERSION),
  catalogue: z.string(),
  tenant: z.string(),
  created_at: z.iso.datetime(),
  /** SHA-256 of the bytes. The manifest is null on the first run. */
  catalogue_sha256: digest,
  source_sha256: digest,
  manifest_sha256: digest.nullable(),
  /** SHA-256 of all decisions in their order. */
  decisions_sha256: digest,
  rows: count,
  items: count,
  buy: z.strictObject({ new: count, no_image: count, changed: count, rejected: count }),
  unchanged: count,
  /** Items whose rows are not valid. */
  quarantined: count.default(0),
  /** Items that are not bought again, because their images may be paid for. */
  left: count.default(0),
  removed: count,
  /** US dollars. Null: some item has no price. */
  price: z.string().nullable(),
  possible_price: z.string().nullable(),
  guards: z.array(z.strictObject({ name: z.enum(GUARDS), message: z.string(), accepted: z.boolean() })),
});
export type PlanFile = z.infer<typeof planFileSchema>;

/** The digest of decisions, made one after the other. */
export function createDecisionDigest() {
  const digest = createHash('sha256');
  return {
    add(kind: string, key: string, view: string | null, hash: string): void {
      digest.update(`${JSON.stringify([kind, key, view, hash])}\n`);
    },
    read: () => digest.digest('hex'),
  };
}
