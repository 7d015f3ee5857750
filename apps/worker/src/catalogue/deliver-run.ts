import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import {
  MANIFEST_VERSION,
  type ManifestEntry,
  type RunPlan,
  type RunSummary,
  runKey,
} from '@darkroom/catalogue';
import type { Cost } from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';
import type { PlanOutcome } from './plan-run.ts';
import type { RunContext } from './run-context.ts';
import { createTally, type Tally } from './tally.ts';
import { withWorkFolder } from './work-folder.ts';
import { writeRunReport } from './write-report.ts';

/**
 * Writes the results of a run: the manifest, the errors, the summary. It writes the same again after it was killed.
 */
export async function deliverRun(
  plan: RunPlan,
  { tally, stop }: { tally: Tally; stop: 'deadline' | 'canceled' | undefined },
  context: RunContext,
): Promise<RunSummary> {
  const { id, own, job } = context;
  // Another worker may have gone on with this run while this one had lost its lock.
  const ended = await own.runs.readSummary(id, { signal: job.signal });
  if (ended) return ended;
  return await withWorkFolder(context.infra, async (folder) => {
    const manifest = openLineFile(join(folder, 'manifest.jsonl'));
    const errors = openLineFile(join(folder, 'errors.jsonl'));
    for (let part = 0; part < plan.parts; part += 1) {
      for (const entry of await own.runs.readResults(id, part, { signal: job.signal })) {
        await manifest.write(entry);
        if (entry.status !== 'completed') await errors.write(describeError(entry));
      }
    }
    const { sha256, bytes, lines } = await putLines('manifest.jsonl', manifest, context);
    await putLines('errors.jsonl', errors, context);
    const { counts } = tally;
    const hasAll = counts.bought + counts.unchanged === counts.items;
    const summary: RunSummary = {
      ...describeRun(context),
      status: stop === 'canceled' ? 'canceled' : hasAll ? 'completed' : 'partial',
      reason: describeEnd(tally, stop),
      deadline: plan.deadlineAt === null ? null : toIso(plan.deadlineAt),
      rows: plan.rows,
      counts,
      removed: plan.removed,
      cost: formatCost(tally.cost),
      guards: plan.guards,
      problems: plan.quarantine,
      manifest: { key: runKey(id, 'manifest.jsonl'), sha256, bytes, items: lines },
      source: plan.source,
    };
    await writeRunReport(summary, { folder, manifestPath: manifest.path, stop }, context);
    await own.runs.writeSummary(id, summary, { signal: job.signal });
    return summary;
  });
}

/** Writes how a run ended that bought nothing. */
export async function stopRun(
  { reason, problems, plan }: Omit<Extract<PlanOutcome, { kind: 'stopped' }>, 'kind'>,
  context: RunContext,
): Promise<RunSummary> {
  const { counts, cost } = createTally();
  const summary: RunSummary = {
    ...describeRun(context),
    status: 'stopped',
    reason,
    deadline: null,
    rows: plan?.file.rows ?? null,
    counts,
    removed: 0,
    cost: formatCost(cost),
    guards: plan?.guards ?? [],
    problems: { count: problems.count, listed: [...problems.listed] },
    manifest: null,
    source: plan?.source ?? null,
  };
  await context.own.runs.writeSummary(context.id, summary, { signal: context.job.signal });
  return summary;
}

/**
 * Makes a run the last good one, with one atomic write: readers see all of it or nothing. A run that was requested later
 * is never replaced, and a run that bought nothing and has not all images replaces none.
 */
export async function publishRun(
  summary: RunSummary,
  { id, request, own, job, infra }: RunContext,
): Promise<void> {
  const { manifest, source, rows, status, counts } = summary;
  if (!manifest || !source || rows === null) return;
  // Its manifest lacks images that the last good run has, and has none that it lacks. Quarantined items keep their images.
  if (status !== 'completed' && counts.bought === 0 && counts.failed + counts.not_bought > 0) return;
  const options = { signal: job.signal };
  const present = await own.runs.readLatest(id.tenant, id.catalogue, options);
  if (present && Date.parse(present.requested_at) > request.createdAt) {
    infra.log.warn({ ...id, latest: present.run }, 'catalogue run not published: a later one is');
    return;
  }
  const latest = {
    version: MANIFEST_VERSION as typeof MANIFEST_VERSION,
    catalogue: id.catalogue,
    run: id.run,
    manifest,
    source: { ...source, rows },
    requested_at: summary.requested_at,
    finished_at: summary.ended_at,
  };
  await own.runs.writeLatest(id.tenant, latest, options);
}

const toIso = (time: number) => new Date(time).toISOString();

const describeRun = ({ id, request, infra }: RunContext) => ({
  ...id,
  requested_at: toIso(request.createdAt),
  ended_at: toIso(infra.clock.now()),
});

function describeEnd({ counts }: Tally, stop: 'deadline' | 'canceled' | undefined): string | null {
  const parts = [
    stop === 'canceled' ? 'it was canceled' : '',
    stop === 'deadline' ? 'its deadline passed' : '',
    counts.failed > 0 ? `${counts.failed} failed` : '',
    counts.quarantined > 0 ? `${counts.quarantined} are quarantined` : '',
    counts.not_bought > 0 ? `${counts.not_bought} were not bought` : '',
  ].filter(Boolean);
  return parts.length > 0 ? parts.join('; ') : null;
}

const formatCost = ({ spentMicros, refundedMicros, possiblySpentMicros }: Cost) => ({
  spent: formatDollars(spentMicros),
  refunded: formatDollars(refundedMicros),
  possibly_spent: formatDollars(possiblySpentMicros),
});

const describeError = ({ key, view, name, line, status, render_id, error, cost }: ManifestEntry) => ({
  key,
  view,
  name,
  line,
  status,
  render_id,
  error,
  cost,
});

/** A file of JSON lines that is written as a stream: a manifest of 100,000 items has more than 100 MB. */
interface LineFile {
  path: string;
  write(value: object): Promise<void>;
  end(): Promise<{ sha256: string; bytes: number; lines: number }>;
}

function openLineFile(path: string): LineFile {
  const stream = createWriteStream(path);
  const digest = createHash('sha256');
  let bytes = 0;
  let lines = 0;
  return {
    path,
    async write(value) {
      const line = Buffer.from(`${JSON.stringify(value)}\n`);
      digest.update(line);
      bytes += line.length;
      lines += 1;
      if (!stream.write(line)) await new Promise<void>((resolve) => stream.once('drain', resolve));
    },
    async end() {
      stream.end();
      await finished(stream);
      return { sha256: digest.digest('hex'), bytes, lines };
    },
  };
}

async function putLines(name: string, file: LineFile, { id, infra, job }: RunContext) {
  const facts = await file.end();
  await infra.store.put(
    runKey(id, name),
    { stream: () => createReadStream(file.path), size: facts.bytes },
    { contentType: 'application/jsonl', metadata: { sha256: facts.sha256 }, signal: job.signal },
  );
  return facts;
}
