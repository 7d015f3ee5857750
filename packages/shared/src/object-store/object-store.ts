import type { Readable } from 'node:stream';

/** The facts about an object, without its body. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  contentType?: string;
  /** Lower-case names; values as passed to `put`. */
  metadata: Record<string, string>;
  /** Unix milliseconds. */
  modifiedAt: number;
}

export interface PutOptions {
  contentType: string;
  metadata?: Record<string, string>;
  signal?: AbortSignal;
}

export interface ListPage {
  objects: Pick<ObjectInfo, 'key' | 'size' | 'modifiedAt'>[];
  /** Pass it to the next `list` to continue. Absent on the last page. */
  cursor?: string;
}

/** A rule by which the store itself deletes objects, such as a lifecycle rule of a bucket. */
export interface ExpiryRule {
  /** For people. */
  id: string;
  /** The prefix as the rule has it, for people. In a bucket it contains the path of the store. */
  fullPrefix: string;
  /** The rule matches keys of this store that start with it. */
  prefix: string;
  /** It deletes objects of this age or older. 0 for a rule with a date, which then deletes new objects, too. */
  days: number;
  /** Unix milliseconds: the date of a rule with a date. */
  date?: number;
  /** It matches only objects with more bytes. */
  largerThan?: number;
  /** It matches only objects with fewer bytes. */
  smallerThan?: number;
}

/** A body: bytes, text (UTF-8), or a stream with its exact length in bytes. */
export type ObjectBody = Uint8Array | string | { stream: () => Readable; size: number };

/**
 * An object store with exactly the operations that Darkroom needs. S3 and a folder both implement it; the same
 * conformance suite tests both.
 *
 * Keys consist of `[A-Za-z0-9._=-]` segments, separated by `/`. They are relative to the store's prefix and never contain
 * `..`. Other keys are refused with {@link StoreError} `invalid_key`. No key may be the folder of another key (`a` and
 * `a/b`): S3 accepts both, but a folder refuses the second one with `invalid_key`.
 *
 * Metadata values are any text, in any alphabet. Names are `[a-z0-9-]`. All metadata of an object is at most 2 KB, with
 * everything but ASCII percent-encoded.
 *
 * An object does not exist only if the store itself says so about this key. An answer that may come from a front end of
 * the store (a page with status 404 or 200, a redirect) is an error, because a decision about money may depend on it.
 *
 * Every method throws {@link StoreError}. Two errors are not StoreErrors, because the store did not cause them: after an aborted signal, a method
 * rejects with the signal's reason; when the stream of a body fails, it rejects with the stream's own error.
 */
export interface ObjectStore {
  readonly kind: 's3' | 'folder';
  /** `s3://bucket/prefix` or `file:///…`, for people. Contains no secret. */
  readonly url: string;
  /** Writes an object whole or not at all. Replaces an existing object. */
  put(key: string, body: ObjectBody, options: PutOptions): Promise<void>;
  /**
   * Writes the object only when none exists. Of any number of callers, exactly one gets `true`. After a lost answer, a
   * retry may get `false` about its own object. A caller that must know writes its own token into the body and reads the
   * object back.
   */
  putIfAbsent(key: string, body: Uint8Array | string, options: PutOptions): Promise<boolean>;
  /** Reads a small object into memory. @returns `undefined` when it does not exist. */
  get(key: string, options?: { signal?: AbortSignal }): Promise<Uint8Array | undefined>;
  /**
   * Opens the object as a stream. A stream that fails, or ends early, fails with a {@link StoreError}.
   * @returns `undefined` when the object does not exist.
   */
  getStream(
    key: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ info: ObjectInfo; stream: Readable } | undefined>;
  head(key: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo | undefined>;
  /**
   * Lists keys in ascending UTF-8 order, at most 1000 per page (the default of `limit`). A cursor is the last key of its
   * page, so it stays valid after any later write or delete.
   */
  list(options: { prefix: string; cursor?: string; limit?: number; signal?: AbortSignal }): Promise<ListPage>;
  /**
   * The names of the folders directly below a prefix that ends with a slash, in ascending UTF-8 order: what follows the
   * prefix in its keys, up to the next slash. One request per thousand folders, however many keys they have. A folder
   * whose last object was just deleted may be among them.
   */
  listFolders(options: { prefix: string; signal?: AbortSignal }): Promise<string[]>;
  /** Deletes an object. An object that does not exist is no error. */
  delete(key: string, options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * A URL with which any client can GET the object for `expiresInMs`. `undefined` when the store cannot sign URLs (a
   * folder); then the API serves the object itself.
   */
  signedUrl(key: string, expiresInMs: number): Promise<string | undefined>;
  /**
   * The rules by which the store itself deletes objects of Darkroom. None in a folder. Rejects if the store does not know
   * such rules, or does not let Darkroom read them.
   */
  readExpiryRules(options?: { signal?: AbortSignal }): Promise<ExpiryRule[]>;
  /** Idempotent. */
  close(): Promise<void>;
}

/**
 * - `unavailable`: the store cannot be reached, throttles, fails, or something else answers in its place
 * - `denied`: wrong credentials or missing rights
 * - `misconfigured`: the store does not have the bucket, or the bucket is in another region
 * - `invalid_key`: the key is invalid
 * - `internal`: Darkroom made a mistake. No answer of a store has this code.
 */
export type StoreErrorCode = 'unavailable' | 'denied' | 'misconfigured' | 'invalid_key' | 'internal';

const AWAY: readonly StoreErrorCode[] = ['unavailable', 'denied', 'misconfigured'];

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/**
 * True when the store is not usable for now: it is unreachable, or refuses our credentials or bucket. Later it may work,
 * so a running render waits (I4). At start, all but `unavailable` are errors for an operator.
 */
export function isStoreAway(error: unknown): error is StoreError {
  return error instanceof StoreError && AWAY.includes(error.code);
}
