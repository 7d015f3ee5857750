import type { CatalogueRunRequest } from '@darkroom/api';
import {
  type CatalogueConfig,
  type CatalogueRunStore,
  formatLocalDate,
  type RunRequest,
  uploadedFileKey,
} from '@darkroom/catalogue';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import { checkFile, type FileCaller } from './check-file.ts';

export interface StartRunDeps {
  runs: CatalogueRunStore;
  store: ObjectStore;
}

/** Who starts a run, and when. */
export interface RunStart extends FileCaller {
  actor: string;
  /** Unix milliseconds. */
  now: number;
}

/**
 * Writes the request for a run, or finds the run that an earlier call requested: its name is derived from the date.
 *
 * @throws {ProblemError} `invalid_request`, `catalogue_file_not_found`, `catalogue_run_exists`.
 */
export async function startRun(
  { runs, store }: StartRunDeps,
  body: CatalogueRunRequest,
  start: RunStart,
): Promise<{ request: RunRequest; isNew: boolean }> {
  const config = checkFile(body, start);
  const { tenant, catalogue, actor, readsBuckets, now } = start;
  const draft = {
    tenant,
    catalogue,
    file: body.file,
    files: body.files ?? null,
    accepted: body.accept ?? [],
    approved: body.plan ?? null,
    actor,
    readsBuckets,
    createdAt: now,
  };
  return await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
    if (body.files !== undefined) {
      const key = uploadedFileKey(tenant, catalogue, body.files);
      if (!(await store.head(key, { signal })))
        throw new ProblemError('catalogue_file_not_found', 'The list of files (files) was not uploaded.');
    }
    for (let number = 1; ; number += 1) {
      const run = body.run ?? formatRun(config, now, number);
      const request: RunRequest = { ...draft, run };
      const earlier = await runs.readRequest(request, { signal });
      if (!earlier && (await runs.writeRequest(request, { signal }))) return { request, isNew: true };
      const present = earlier ?? (await runs.readRequest(request, { signal }));
      if (!present) continue;
      // A run that stopped has bought nothing: the next one of the day gets a number.
      const ended = body.run === undefined ? await runs.readSummary(present, { signal }) : undefined;
      if (ended?.status === 'stopped') continue;
      if (isSameRequest(present, request)) return { request: present, isNew: false };
      throw new ProblemError(
        'catalogue_run_exists',
        `The catalogue ${catalogue} has a run ${run}, which was requested with something else.`,
      );
    }
  });
}

/** The date in the time zone of the catalogue. */
function formatRun({ schedule }: CatalogueConfig, now: number, number: number): string {
  const date = formatLocalDate(now, schedule?.time_zone ?? 'UTC');
  return number === 1 ? date : `${date}-${number}`;
}

const isSameRequest = (one: RunRequest, other: RunRequest) =>
  one.file === other.file &&
  one.files === other.files &&
  JSON.stringify(one.accepted.toSorted()) === JSON.stringify(other.accepted.toSorted()) &&
  one.approved?.decisions_sha256 === other.approved?.decisions_sha256;
