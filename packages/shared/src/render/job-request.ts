import { LIMITS, MODELS, PRIORITIES, RESOLUTIONS, RUN, SIZES } from '@darkroom/api';
import { z } from 'zod';
import { sha256 } from './ids.ts';
import { inputKey } from './object-keys.ts';

/**
 * A reference image, mask or webhook URL in a job (I5, I8). A plain short URL is in the job itself. Bytes, long URLs
 * and URLs with a query (it may be a signature) are in the store, and the job contains their key.
 */
export const referenceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('url'), url: z.string() }),
  /** `key` names an object with the URL as text. `host` is for people; a long one is cut. */
  z.strictObject({ kind: z.literal('stored-url'), key: z.string(), host: z.string() }),
  z.strictObject({
    kind: z.literal('stored'),
    key: z.string(),
    contentType: z.string(),
    bytes: z.number().int().positive(),
  }),
]);

export type Reference = z.infer<typeof referenceSchema>;

/** The request in the queue: without bytes and signed URLs, below 8 KB (I5, I8). */
export const jobRequestSchema = z.strictObject({
  model: z.enum(MODELS),
  prompt: z.string(),
  size: z.enum(SIZES).optional(),
  resolution: z.enum(RESOLUTIONS),
  images: z.array(referenceSchema).max(LIMITS.images),
  mask: referenceSchema.optional(),
  priority: z.enum(PRIORITIES),
  run: z.string().regex(RUN).optional(),
  /** The URL that gets the webhook when the render ends. */
  webhook: referenceSchema.optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

export type JobRequest = z.infer<typeof jobRequestSchema>;

/** Bytes: a URL up to this length, without query and credentials, stays in the job. */
const MAX_PLAIN_URL_BYTES = 100;
/** Characters of a host that stay in a job. With whole long hosts, the largest request would exceed 8 KB. */
const MAX_HOST_CHARACTERS = 32;

/** Whether a job may contain this URL itself. */
function isPlainUrl(url: URL): boolean {
  return !url.search && !url.username && !url.password && Buffer.byteLength(url.href) <= MAX_PLAIN_URL_BYTES;
}

/** The host of a URL for people, cut when it is long. */
function shortenHost(url: URL): string {
  return url.host.length <= MAX_HOST_CHARACTERS ? url.host : `${url.host.slice(0, MAX_HOST_CHARACTERS - 1)}~`;
}

/** An object that must be in the store before the queue gets the job that refers to it (I5). Its key is a digest (I6). */
export interface StoredInput {
  key: string;
  body: Uint8Array | string;
  contentType: string;
}

/** The reference for a URL, and the object to store for it. */
export function packUrl(url: URL): { reference: Reference; input?: StoredInput } {
  return isPlainUrl(url) ? { reference: { kind: 'url', url: url.href } } : hideUrl(url);
}

/** The reference for a URL that no job may contain, also when it is plain and short. */
export function hideUrl(url: URL): { reference: Reference; input: StoredInput } {
  const key = inputKey(sha256(url.href));
  return {
    reference: { kind: 'stored-url', key, host: shortenHost(url) },
    input: { key, body: url.href, contentType: 'text/plain; charset=utf-8' },
  };
}
