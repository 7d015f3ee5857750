import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getRenderPrice, parseSettings } from '@darkroom/shared/config';
import { openStore } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import { tempDir } from '@darkroom/testkit';
import type { Dispatcher } from 'undici';
import {
  checkCatalogue,
  createManifestInputs,
  createPlan,
  type Decision,
  type LastManifest,
  NO_REVIEWS,
  type Plan,
  type PlanInput,
} from '../../src/index.ts';
import type { ManifestEntry } from '../../src/manifest/index.ts';
import type { Problem } from '../../src/problems.ts';

const settings = parseSettings({});
export const CSV = 'sku,name,color\nA-1,Shoe,red\nA-2,Boot,blue\nA-3,Sandal,green\n';
export const YAML = `name: shoes
source: { path: products.csv }
key: sku
prompt: A photo of a {{ color }} {{ name }}
`;
/** 2026-11-22, 01:00 UTC. */
export const NOW = Date.UTC(2026, 10, 22, 1);

export type Planned =
  | { kind: 'planned'; plan: Plan; decisions: Decision[] }
  | { kind: 'problems'; problems: readonly Problem[]; count: number };

/** A folder with a catalogue file and a source. */
export interface Workspace {
  folder: string;
  /** Replaces the source. */
  writeSource(content: string | Uint8Array, name?: string): Promise<void>;
  check(yaml?: string): Promise<{ problems: readonly Problem[]; count: number; rows: number; items: number }>;
  plan(yaml?: string, options?: Partial<PlanInput> & { last?: LastManifest }): Promise<Planned>;
  /** Writes the manifest that a run of these decisions would write. @returns what a plan takes */
  deliver(decisions: readonly Decision[], change?: Partial<ManifestEntry>): Promise<LastManifest>;
}

export async function openWorkspace(
  source: string | Uint8Array = CSV,
  dispatcher?: Dispatcher,
): Promise<Workspace> {
  const folder = await tempDir();
  let copies = 0;
  const newFolder = async () => {
    copies += 1;
    const path = join(folder, `work-${copies}`);
    await mkdir(path);
    return path;
  };
  const locations = {
    folder,
    openBucket: () => openStore({ dataDir: folder, clock: systemClock }),
    signal: new AbortController().signal,
    dispatcher,
  };
  const writeSource = (content: string | Uint8Array, name = 'products.csv') =>
    writeFile(join(folder, name), content);
  await writeSource(source);
  return {
    folder,
    writeSource,
    check: async (yaml = YAML) => {
      const input = { file: Buffer.from(yaml), workFolder: await newFolder(), locations };
      const { problems, rows, items } = await checkCatalogue(input);
      return { problems: problems.listed, count: problems.count, rows, items };
    },
    plan: async (yaml = YAML, { last, ...options } = {}) => {
      const decisions: Decision[] = [];
      const result = await createPlan({
        file: Buffer.from(yaml),
        tenant: 'default',
        workFolder: await newFolder(),
        locations,
        findManifest: async () => last ?? { kind: 'first_run' },
        findReviews: async () => NO_REVIEWS,
        findPrice: ({ resolution }) => getRenderPrice(settings, resolution),
        maxPurchases: settings.MAX_PURCHASES,
        accepted: [],
        forecast: { now: NOW, submitsPerSecond: 5, backlog: 0, renderMs: 60_000, unknown: undefined },
        onDecision: (decision) => void decisions.push(decision),
        ...options,
      });
      if (result.kind === 'planned') return { ...result, decisions };
      return { kind: 'problems', problems: result.problems.listed, count: result.problems.count };
    },
    deliver: async (decisions, change = {}) => {
      const path = join(await newFolder(), 'manifest.jsonl');
      const entries = decisions.filter((one) => one.kind !== 'remove').map((one) => toEntry(one, change));
      await writeFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      return { kind: 'found', path };
    },
  };
}

function toEntry(
  decision: Exclude<Decision, { kind: 'remove' }>,
  change: Partial<ManifestEntry>,
): ManifestEntry {
  const { item } = decision;
  return {
    version: 1,
    key: item.key,
    view: item.view,
    name: item.name,
    line: item.line,
    ...createManifestInputs(decision),
    status: 'completed',
    origin: 'new',
    run: 'night-1',
    render_id: `rnd_${createHash('md5').update(item.name).digest('hex')}`,
    image: {
      key: `images/${item.name}`,
      sha256: createHash('sha256').update(item.name).digest('hex'),
      bytes: 1000,
      width: 64,
      height: 64,
      content_type: 'image/jpeg',
    },
    cost: { spent: '0.025', refunded: '0.000', possibly_spent: '0.000' },
    error: null,
    finished_at: '2026-11-21T03:00:00.000Z',
    ...change,
  };
}

/** The problems of a result, as short lines. */
export const lines = (result: { problems: readonly Problem[] }) =>
  result.problems.map(
    ({ in: where, line, field, message }) => `${where}:${line} ${field ?? '-'}: ${message}`,
  );

/** @throws unless the plan was made */
export function assertPlanned(result: Planned): Extract<Planned, { kind: 'planned' }> {
  if (result.kind === 'planned') return result;
  throw new Error(`expected a plan, received problems:\n${lines(result).join('\n')}`);
}

export const readText = (path: string) => readFile(path, 'utf8');
