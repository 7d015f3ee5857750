import { z } from 'zod';
import { sha256 } from './ids.ts';
import { inputKey } from './object-keys.ts';

/**
 * A reference image or mask as the queue holds it (I5, I8): a plain short URL stays what it is; bytes and
 * URLs that are long or carry a query (a signature, perhaps) are put into the store at the door, and the
 * job only says where.
 */
export const referenceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('url'), url: z.string() }),
  /** `key` holds the URL as text; `host` is for people, and cut when it is long. */
  z.strictObject({ kind: z.literal('stored-url'), key: z.string(), host: z.string() }),
  z.strictObject({
    kind: z.literal('stored'),
    key: z.string(),
    contentType: z.string(),
    bytes: z.number().int().positive(),
  }),
]);

export type Reference = z.infer<typeof referenceSchema>;

/** Bytes: a URL up to this length, without query and credentials, stays in the job as it is. */
const PLAIN_URL_BYTES = 100;
/** Characters of a host that a job keeps for people. With all of a long one a worst request would not fit. */
const HOST_CHARACTERS = 32;

/** Whether a job may hold this URL itself. */
export function isPlainUrl(url: URL): boolean {
  return !url.search && !url.username && !url.password && Buffer.byteLength(url.href) <= PLAIN_URL_BYTES;
}

/** The host of a URL for people. */
export function shownHost(url: URL): string {
  return url.host.length <= HOST_CHARACTERS ? url.host : `${url.host.slice(0, HOST_CHARACTERS - 1)}~`;
}

/** An object that must be in the store before a job that refers to it is in the queue (I5). Its key is a digest (I6). */
export interface StoredInput {
  key: string;
  body: Uint8Array | string;
  contentType: string;
}

/** A URL as a job may hold it, and what has to be stored for it. */
export function packUrl(url: URL): { reference: Reference; input?: StoredInput } {
  return isPlainUrl(url) ? { reference: { kind: 'url', url: url.href } } : hideUrl(url);
}

/** A URL that no job may show, whatever it looks like: it is in the store, and the job says where. */
export function hideUrl(url: URL): { reference: Reference; input: StoredInput } {
  const key = inputKey(sha256(url.href));
  return {
    reference: { kind: 'stored-url', key, host: shownHost(url) },
    input: { key, body: url.href, contentType: 'text/plain; charset=utf-8' },
  };
}
