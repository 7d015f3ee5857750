import type { Readable } from 'node:stream';

/** What is known of an object without reading it. */
export interface ObjectInfo {
  key: string;
  /** Bytes. */
  size: number;
  contentType?: string;
  /** Lower-case keys; values are what `put` was given. */
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
  /** Hand it to the next `list` to go on; absent on the last page. */
  cursor?: string;
}

/** A body: bytes, text (UTF-8), or a stream with its exact length in bytes. */
export type ObjectBody = Uint8Array | string | { stream: () => Readable; size: number };

/**
 * What Darkroom needs of an object store, and not more: S3 and a folder both do all of it, and the
 * conformance suite holds them to the same answers.
 *
 * Keys are `/`-separated, relative to the store's prefix, made of `[A-Za-z0-9._=-]` segments, and never
 * contain `..` (a {@link StoreError} `invalid_key` otherwise). No key is the folder of another (`a` and `a/b`):
 * S3 does not mind, a folder refuses the second with `invalid_key`.
 *
 * Metadata is any text, in any alphabet; names are `[a-z0-9-]`; all of it together at most 2 KB, percent-encoded
 * where it is not ASCII.
 *
 * Every method throws {@link StoreError}: `unavailable` when the store cannot be reached or answers 5xx or
 * throttles (worth trying again), `denied` when credentials or rights are wrong, `invalid_key` for a key out
 * of the alphabet, `internal` otherwise. An aborted signal rejects with its reason, and a body whose stream fails
 * rejects with the stream's own error: neither is the store's doing.
 */
export interface ObjectStore {
  readonly kind: 's3' | 'folder';
  /** `s3://bucket/prefix` or `file:///…`, for people. Holds no secret. */
  readonly url: string;
  /** Writes an object whole or not at all, replacing one that is there. */
  put(key: string, body: ObjectBody, options: PutOptions): Promise<void>;
  /**
   * Writes the object only where none is. Of any number of callers exactly one is told `true`.
   * A retry of a write whose answer was lost may be told `false` about its own object: who must know puts a
   * token of its own into the body and reads it back.
   */
  putIfAbsent(key: string, body: Uint8Array | string, options: PutOptions): Promise<boolean>;
  /** The whole object in memory, or `undefined`. For small objects. */
  get(key: string, options?: { signal?: AbortSignal }): Promise<Uint8Array | undefined>;
  /** The object as a stream, or `undefined`. The stream fails with a {@link StoreError} too, also when it ends early. */
  getStream(
    key: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ info: ObjectInfo; stream: Readable } | undefined>;
  head(key: string, options?: { signal?: AbortSignal }): Promise<ObjectInfo | undefined>;
  /**
   * Keys in ascending UTF-8 order. `limit` at most 1000 (the default). A cursor is good for ever, whatever was
   * written or deleted since: it is the last key of its page.
   */
  list(options: { prefix: string; cursor?: string; limit?: number; signal?: AbortSignal }): Promise<ListPage>;
  /** Deleting what is not there is no error. */
  delete(key: string, options?: { signal?: AbortSignal }): Promise<void>;
  /**
   * A URL by which anybody can GET the object for `expiresInMs`. `undefined` where the store has no way to
   * give one (a folder): the API then serves the object itself.
   */
  signedUrl(key: string, expiresInMs: number): Promise<string | undefined>;
  /** Idempotent. */
  close(): Promise<void>;
}

export type StoreErrorCode = 'unavailable' | 'denied' | 'invalid_key' | 'internal';

export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** Whether the store cannot be used for now: unreachable, throttled, or its credentials are wrong. */
export function isStoreAway(error: unknown): error is StoreError {
  return error instanceof StoreError && (error.code === 'unavailable' || error.code === 'denied');
}
