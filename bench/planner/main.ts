// Plans one catalogue and prints one JSON object.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createPlan, type Decision, NO_REVIEWS } from '@darkroom/catalogue';
import type { PlannerOptions, PlannerResult } from '../planner-options.ts';
import { readMemory } from '../probes/index.ts';

const options = JSON.parse(process.env['PLANNER'] ?? '{}') as PlannerOptions;
const { folder, file, manifest, writeTo, measureHeld } = options;
const workFolder = join(folder, `work-${process.pid}`);
mkdirSync(workFolder);

const output = writeTo === undefined ? undefined : openSync(writeTo, 'w');
const writeEntry = (decision: Decision) => {
  if (decision.kind === 'remove' || output === undefined) return;
  const { item, hash, inputs } = decision;
  const digest = hash.slice(2);
  const entry = {
    version: 1,
    key: item.key,
    view: item.view,
    name: item.name,
    line: item.line,
    hash,
    inputs,
    status: 'completed',
    origin: 'new',
    run: 'bench',
    render_id: `rnd_${digest.slice(0, 32)}`,
    image: {
      key: `images/rnd_${digest.slice(0, 32)}.png`,
      sha256: digest,
      bytes: 1_000_000,
      width: 1024,
      height: 1024,
      content_type: 'image/png',
    },
    cost: { spent: '0.025', refunded: '0.000', possibly_spent: '0.000' },
    error: null,
    finished_at: '2026-11-22T03:00:00.000Z',
  };
  writeSync(output, `${JSON.stringify(entry)}\n`);
};

/** Decisions between two measurements of what is held. */
const MEASURE_EVERY = 2_000;
let decisions = 0;
let heldMost = 0;
const measure = () => {
  decisions += 1;
  if (!measureHeld || decisions % MEASURE_EVERY > 0) return;
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  heldMost = Math.max(heldMost, heapUsed + external);
};

const began = performance.now();
const cpu = process.cpuUsage();
const result = await createPlan({
  file: Buffer.from(file),
  tenant: 'default',
  workFolder,
  locations: {
    folder,
    openBucket: () => Promise.reject(new Error('the bench has no bucket')),
    signal: new AbortController().signal,
  },
  findManifest: async () =>
    manifest === undefined ? { kind: 'first_run' } : { kind: 'found', path: manifest },
  findReviews: async () => NO_REVIEWS,
  findPrice: () => 25_000,
  maxPurchases: 3,
  accepted: [],
  forecast: { now: Date.now(), submitsPerSecond: 5, backlog: 0, renderMs: 15_000, unknown: undefined },
  onDecision: output === undefined ? measure : writeEntry,
});
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
if (output !== undefined) closeSync(output);
if (result.kind === 'problems') throw new Error(JSON.stringify(result.problems.listed.slice(0, 3)));
const { buy, unchanged, removed } = result.plan.file;
const measured: PlannerResult = {
  ms,
  cpu_ms: (user + system) / 1000,
  rss_peak: (await readMemory(process.pid)).peak,
  held_most: heldMost,
  bought: buy.new + buy.no_image + buy.changed + buy.rejected,
  unchanged,
  removed,
};
process.stdout.write(`${JSON.stringify(measured)}\n`);
