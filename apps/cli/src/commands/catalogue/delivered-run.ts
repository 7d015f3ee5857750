import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import {
  CatalogueRunStore,
  type LatestRun,
  type ManifestEntry,
  manifestEntrySchema,
  type RunId,
} from '@darkroom/catalogue';
import { parseSettings } from '@darkroom/shared/config';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { openStoreFor } from '@darkroom/shared/service';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';

/** A run that has delivered, with its manifest on this machine. */
export interface DeliveredRun {
  store: ObjectStore;
  id: RunId;
  run: string;
  manifestPath: string;
  items: number;
  entries(): AsyncGenerator<ManifestEntry>;
}

/**
 * Opens what a run delivered, in the store of the settings. The manifest is complete and unchanged: its digest is that of the
 * summary.
 *
 * @param run @default the last good run
 */
export async function withDeliveredRun<T>(
  {
    tenant = 'default',
    catalogue,
    run,
  }: { tenant?: string | undefined; catalogue: string; run?: string | undefined },
  { env, clock, signal }: Pick<Host, 'env' | 'clock' | 'signal'>,
  work: (delivered: DeliveredRun) => Promise<T>,
): Promise<T> {
  const store = await openStoreFor(parseSettings(env), clock);
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-catalogue-'));
  try {
    const found = await findDelivered(store, { tenant, catalogue, run }, signal);
    const manifestPath = join(folder, 'manifest.jsonl');
    await fetchManifest(store, found, manifestPath, signal);
    return await work({
      store,
      id: { tenant, catalogue, run: found.run },
      run: found.run,
      manifestPath,
      items: found.manifest.items,
      async *entries() {
        const lines = createInterface({ input: createReadStream(manifestPath), crlfDelay: Infinity });
        for await (const line of lines) yield manifestEntrySchema.parse(JSON.parse(line));
      },
    });
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type Found = Pick<LatestRun, 'run' | 'manifest'>;

async function findDelivered(
  store: ObjectStore,
  { tenant, catalogue, run }: { tenant: string; catalogue: string; run: string | undefined },
  signal: AbortSignal,
): Promise<Found> {
  const runs = new CatalogueRunStore(store);
  if (run === undefined) {
    const latest = await runs.readLatest(tenant, catalogue, { signal });
    if (latest) return latest;
    throw new CliError(
      EXIT.notFound,
      `The catalogue ${catalogue} of tenant ${tenant} has no good run.`,
      STORE,
    );
  }
  const summary = await runs.readSummary({ tenant, catalogue, run }, { signal });
  if (summary?.manifest) return { run, manifest: summary.manifest };
  throw new CliError(
    EXIT.notFound,
    `The run ${run} of ${catalogue} has ${summary ? 'delivered nothing' : 'not ended, or does not exist'}.`,
    STORE,
  );
}

const STORE = 'This command reads the store of STORE_URL, as a worker does.';

async function fetchManifest(store: ObjectStore, { manifest }: Found, path: string, signal: AbortSignal) {
  const found = await store.getStream(manifest.key, { signal });
  if (!found) throw new CliError(EXIT.failure, `${manifest.key} is gone from the store.`);
  const digest = createHash('sha256');
  found.stream.on('data', (chunk: Buffer) => digest.update(chunk));
  await pipeline(found.stream, createWriteStream(path), { signal });
  if (digest.digest('hex') !== manifest.sha256)
    throw new CliError(EXIT.failure, `${manifest.key} is not what the run wrote: its digest differs.`);
}
