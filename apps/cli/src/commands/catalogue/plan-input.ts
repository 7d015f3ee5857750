import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  fetchLastManifest,
  fetchReviews,
  type LastManifest,
  NO_REVIEWS,
  type PlanInput,
  type ReviewIndex,
} from '@darkroom/catalogue';
import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { errorCause, errorMessage } from '@darkroom/shared/runtime';
import { openStoreFor } from '@darkroom/shared/service';
import type { Api } from '../../api/index.ts';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';

export interface PlanOptions {
  manifest?: string;
  quota?: number;
  backlog?: number;
}

/** The last good manifest: of the option, or of the store that the settings name. */
export async function findManifest(
  { manifest }: PlanOptions,
  settings: Settings,
  workFolder: string,
  { clock, signal }: Pick<Host, 'clock' | 'signal'>,
  catalogue: { tenant: string; name: string },
): Promise<LastManifest> {
  if (manifest !== undefined) {
    if (existsSync(manifest)) return { kind: 'found', path: manifest };
    throw new CliError(EXIT.usage, `--manifest: ${manifest} does not exist`);
  }
  const read = (store: ObjectStore) => fetchLastManifest(store, catalogue, workFolder, signal);
  return (await withStore(settings, clock, read)) ?? { kind: 'first_run' };
}

/** The reviews of a catalogue, in the store that the settings name. */
export const findReviews = async (
  settings: Settings,
  { clock, signal }: Pick<Host, 'clock' | 'signal'>,
  catalogue: { tenant: string; name: string },
): Promise<ReviewIndex> =>
  (await withStore(settings, clock, (store) => fetchReviews(store, catalogue, signal))) ?? NO_REVIEWS;

/** @returns `undefined` without a store: opening a folder creates it. */
async function withStore<T>(
  settings: Settings,
  clock: Host['clock'],
  run: (store: ObjectStore) => Promise<T>,
): Promise<T | undefined> {
  if (!settings.STORE_URL && !existsSync(join(settings.DATA_DIR, 'store'))) return undefined;
  const store = await openStoreFor(settings, clock);
  try {
    return await run(store);
  } finally {
    await store.close();
  }
}

/** What the forecast is made from: the options, else the settings and the API. */
export async function readForecastFacts(
  { quota, backlog }: PlanOptions,
  settings: Settings,
  api: () => Promise<Api>,
  now: number,
): Promise<PlanInput['forecast']> {
  const known = {
    now,
    submitsPerSecond: quota ?? settings.TOAPIS_SUBMIT_PER_SECOND,
    renderMs: settings.EXPECTED_LATENCY_MS,
  };
  if (backlog !== undefined) return { ...known, backlog, unknown: undefined };
  const opened = await api();
  try {
    return { ...known, backlog: await opened.readBacklog(), unknown: undefined };
  } catch (error) {
    const unknown = `The API does not say how many renders wait (${errorMessage(errorCause(error) ?? error)}). Use --backlog.`;
    return { ...known, backlog: undefined, unknown };
  }
}

export const createPriceFinder =
  (settings: Settings): PlanInput['findPrice'] =>
  ({ resolution }) =>
    getRenderPrice(settings, resolution);
