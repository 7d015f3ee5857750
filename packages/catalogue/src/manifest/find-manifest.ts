import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { latestRunKey, latestRunSchema, manifestKey, runsPrefix, summaryKey } from './entry.ts';

/** The manifest of the last good run. */
export type LastManifest =
  | { kind: 'found'; path: string }
  /** The catalogue has never run. */
  | { kind: 'first_run' }
  /** The catalogue has run, but its last manifest is not there, or is not the one that the run wrote. */
  | { kind: 'missing'; reason: string };

/** Copies the manifest of the last good run to a folder. @throws {StoreError} */
export async function fetchLastManifest(
  store: ObjectStore,
  { tenant, name }: { tenant: string; name: string },
  folder: string,
  signal: AbortSignal,
): Promise<LastManifest> {
  const missing = (reason: string): LastManifest => ({ kind: 'missing', reason });
  const bytes = await store.get(latestRunKey(tenant, name), { signal });
  if (!bytes) {
    return (await hasDelivered(store, { tenant, name }, signal))
      ? missing('the catalogue has runs, but no last good one')
      : { kind: 'first_run' };
  }
  const latest = latestRunSchema.safeParse(parseJson(bytes));
  if (!latest.success) return missing(`${latestRunKey(tenant, name)} cannot be read`);
  const { key, sha256 } = latest.data.manifest;
  const found = await store.getStream(key, { signal });
  if (!found) return missing(`${key} does not exist`);
  const path = join(folder, 'manifest.jsonl');
  const digest = createHash('sha256');
  found.stream.on('data', (chunk: Buffer) => digest.update(chunk));
  await pipeline(found.stream, createWriteStream(path), { signal });
  return digest.digest('hex') === sha256 ? { kind: 'found', path } : missing(`${key} was changed`);
}

/** Whether a run has delivered, also if its manifest is gone. Runs that stopped say so in their summary. */
async function hasDelivered(
  store: ObjectStore,
  { tenant, name }: { tenant: string; name: string },
  signal: AbortSignal,
): Promise<boolean> {
  for (const run of await store.listFolders({ prefix: runsPrefix(tenant, name), signal })) {
    if (await store.head(manifestKey(tenant, name, run), { signal })) return true;
    const summary = await store.get(summaryKey(tenant, name, run), { signal });
    if (summary && (parseJson(summary) as { manifest?: unknown } | undefined)?.manifest !== null) return true;
  }
  return false;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
