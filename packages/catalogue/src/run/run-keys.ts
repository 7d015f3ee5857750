import { sha256 } from '@darkroom/shared/render';
import { cataloguePrefix, runPrefix } from '../manifest/index.ts';
import type { RunId } from './records.ts';

/** The prefix of empty objects that list the runs that have not ended: a restore adds their jobs again. */
export const OPEN_RUNS_PREFIX = 'open-catalogue-runs/';
export const openRunsPrefix = (tenant: string, catalogue: string) =>
  `${OPEN_RUNS_PREFIX}${tenant}/${catalogue}/`;
export const openRunKey = ({ tenant, catalogue, run }: RunId) => `${openRunsPrefix(tenant, catalogue)}${run}`;

/** @returns `undefined` for another key */
export function readOpenRunKey(key: string): RunId | undefined {
  const [tenant, catalogue, run, ...more] = key.slice(OPEN_RUNS_PREFIX.length).split('/');
  return tenant && catalogue && run && more.length === 0 ? { tenant, catalogue, run } : undefined;
}

/** Who may buy for a catalogue, the latest first. */
export const locksPrefix = (tenant: string, catalogue: string) =>
  `${cataloguePrefix(tenant, catalogue)}locks/`;
const LAST_LOCK = 99_999_999;
export const lockKey = ({ tenant, catalogue }: Pick<RunId, 'tenant' | 'catalogue'>, number: number) =>
  `${locksPrefix(tenant, catalogue)}${String(LAST_LOCK - number).padStart(8, '0')}.json`;
export const readLockNumber = (key: string) =>
  LAST_LOCK - Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10);

/** An uploaded file. Its name is its digest, so an upload that is repeated changes nothing. */
export const uploadedFileKey = (tenant: string, catalogue: string, digest: string) =>
  `${cataloguePrefix(tenant, catalogue)}files/${digest}`;

/** A part of a plan, of its marks, or of its results. */
export const partName = (part: number) => String(part).padStart(5, '0');

export const runKey = ({ tenant, catalogue, run }: RunId, name: string) =>
  `${runPrefix(tenant, catalogue, run)}${name}`;
export const runImageKey = (id: RunId, name: string) => runKey(id, `images/${name}`);

/** The label of the renders of a run. No two catalogues share one: names have no dot. */
export const runLabel = ({ catalogue, run }: Pick<RunId, 'catalogue' | 'run'>) => `${catalogue}.${run}`;

/** The idempotency key of the render of an item. Keys of callers have no line breaks, so none is equal. */
export const itemIdempotencyKey = (
  { catalogue, run }: RunId,
  { key, view }: { key: string; view: string | null },
) => `catalogue\n${catalogue}\n${run}\n${JSON.stringify([key, view])}`;

/** The id of the job of a run. Derived, so a second start is the same run. */
export const runJobId = ({ tenant, catalogue, run }: RunId) =>
  `cat_${sha256([tenant, catalogue, run].join('\0')).slice(0, 32)}`;
