import { StoreError } from './object-store.ts';

const SEGMENT = /^[A-Za-z0-9._=-]{1,200}$/;
/** S3 allows 1024 bytes; the rest is for the store's own prefix. */
const MAX_KEY_LENGTH = 800;
const METADATA_NAME = /^[a-z0-9-]{1,100}$/;
const MAX_METADATA_BYTES = 2048;

/** Refuses a key that one of the stores could not keep, or that leads out of the folder. */
export function assertKey(key: string): void {
  const valid =
    key.length <= MAX_KEY_LENGTH &&
    !key.includes('..') &&
    key.split('/').every((segment) => SEGMENT.test(segment) && segment !== '.');
  if (!valid) throw new StoreError('invalid_key', `invalid key: ${JSON.stringify(key.slice(0, 200))}`);
}

/** A prefix is the beginning of a key, or empty. */
export function assertPrefix(prefix: string): void {
  if (prefix === '') return;
  assertKey(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
}

/** A prefix that ends with a slash. */
export function assertFolderPrefix(prefix: string): void {
  if (!prefix.endsWith('/'))
    throw new StoreError(
      'invalid_key',
      `not the prefix of a folder: ${JSON.stringify(prefix.slice(0, 200))}`,
    );
  assertPrefix(prefix);
}

/** Metadata with lower-case names. Refuses metadata that does not fit into the headers of an S3 object. */
export function normalizeMetadata(metadata: Record<string, string> = {}): Record<string, string> {
  const checked: Record<string, string> = {};
  let bytes = 0;
  for (const [originalName, value] of Object.entries(metadata)) {
    const name = originalName.toLowerCase();
    if (!METADATA_NAME.test(name))
      throw new StoreError('internal', `invalid metadata name: ${JSON.stringify(originalName)}`);
    checked[name] = value;
    bytes += name.length + encodeURIComponent(value).length;
  }
  if (bytes > MAX_METADATA_BYTES)
    throw new StoreError('internal', `metadata of ${bytes} bytes; at most ${MAX_METADATA_BYTES}`);
  return checked;
}

/** The number of keys in a page of a list: 1 to 1000. */
export function clampPageSize(limit: number | undefined): number {
  return Math.min(Math.max(Math.trunc(limit ?? 1000), 1), 1000);
}
