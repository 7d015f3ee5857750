import { createReadStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  createProblemList,
  fetchLastManifest,
  fetchReviews,
  type ManifestEntry,
  openManifest,
  parseCatalogueFile,
  type ReportEntry,
  type RunSummary,
  runKey,
  writeReport,
} from '@darkroom/catalogue';
import type { RunContext } from './run-context.ts';

const STOPPED = {
  deadline: 'Its deadline passed.',
  canceled: 'It was canceled.',
};

/** What the report is made from, on this machine. */
export interface ReportSource {
  /** A work folder. */
  folder: string;
  /** The manifest of this run. */
  manifestPath: string;
  stop: keyof typeof STOPPED | undefined;
}

/** Writes `report.html` and its files. The images before are those of the last good run. */
export async function writeRunReport(
  summary: RunSummary,
  { folder, manifestPath, stop }: ReportSource,
  { id, request, infra, job }: RunContext,
): Promise<void> {
  const { signal } = job;
  const name = { tenant: id.tenant, name: id.catalogue };
  // Both manifests have the same name.
  const lastFolder = await mkdtemp(join(folder, 'last-'));
  const last = await fetchLastManifest(infra.store, name, lastFolder, signal);
  const previous = last.kind === 'found' ? await openManifest(last.path) : undefined;
  try {
    const reviews = await fetchReviews(infra.store, name, signal);
    const file = parseCatalogueFile(Buffer.from(request.file), createProblemList());
    await writeReport({
      summary: {
        ...id,
        previousRun: last.kind === 'found' ? (last.run ?? null) : null,
        startedAt: request.createdAt,
        finishedAt: infra.clock.now(),
        stopped: stop ? STOPPED[stop] : null,
        removed: summary.removed,
        budget: file?.config.budget ?? null,
      },
      entries: readEntries(manifestPath, (entry) => previous?.take(entry)),
      reviews: reviews.list(),
      put: (path, body, contentType) =>
        infra.store.put(runKey(id, path), Buffer.from(body), { contentType, signal }),
    });
  } finally {
    previous?.close();
  }
}

async function* readEntries(
  path: string,
  findPrevious: (entry: ManifestEntry) => ManifestEntry | undefined,
): AsyncGenerator<ReportEntry> {
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    const entry = JSON.parse(line) as ManifestEntry;
    yield { entry, previous: findPrevious(entry) };
  }
}
