import { createHash } from 'node:crypto';
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ManifestEntry } from '@darkroom/catalogue';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { formatCount, openProgress, showSafely } from '../../output/index.ts';
import { type DeliveredRun, withDeliveredRun } from './delivered-run.ts';
import { tenantOption } from './runs.ts';

const ARGS = [
  { name: '<name>', text: 'the name of a catalogue' },
  { name: '[run]', text: 'the name of a run (default: the last good one)' },
];
/** Images that are read at the same time. */
const PARALLEL = 8;
/** Damaged images that are shown. `--json` has all. */
const MAX_SHOWN = 20;

/** An image that is not what the manifest says. */
interface Damage {
  key: string;
  view: string | null;
  name: string;
  object: string;
  problem: string;
}

export const verifyCommand = defineCommand<{ tenant?: string }>({
  path: 'catalogue verify',
  summary: 'Read every image that a run delivered, and compare it with the manifest.',
  details:
    'It reads the store of STORE_URL. The exit code is 1 if an image is missing or damaged: the next run buys it again.',
  args: ARGS,
  options: [tenantOption()],
  examples: ['catalogue verify shoes', 'catalogue verify shoes 2026-11-27 --json images,damaged'],
  fields: ['run', 'items', 'images', 'damaged'],
  uses: 'direct',
  run: ({ args: [catalogue = '', run], options: { tenant }, host }) =>
    withDeliveredRun({ tenant, catalogue, run }, host, async (delivered) => {
      const damaged: Damage[] = [];
      const images = await readImages(delivered, host, async (_bytes, entry, problem) => {
        if (problem) damaged.push(describeDamage(entry, problem));
      });
      const shown = damaged.slice(0, MAX_SHOWN);
      const lines = shown.map(({ name, problem }) => `${showSafely(name)}: ${problem}\n`);
      const verdict =
        damaged.length === 0
          ? 'All are as the manifest says.\n'
          : `${formatCount(damaged.length, 'image')} missing or damaged. The next run buys them again.\n`;
      return {
        data: { run: delivered.run, items: delivered.items, images, damaged },
        text: `${lines.join('')}Run ${delivered.run}: ${formatCount(images, 'image')}. ${verdict}`,
        exitCode: damaged.length === 0 ? EXIT.ok : EXIT.failure,
      };
    }),
});

export const exportCommand = defineCommand<{ tenant?: string; to: string }>({
  path: 'catalogue export',
  summary: 'Copy the manifest and all images of a run to a folder, under their names.',
  details:
    'It reads the store of STORE_URL. Each image is checked against the manifest before it gets its name. The exit code is 5 if ' +
    'an image is missing or damaged.',
  args: ARGS,
  options: [tenantOption(), new Option('--to <folder>', 'the folder; it is created').makeOptionMandatory()],
  examples: [
    'catalogue export shoes --to images',
    'catalogue export shoes 2026-11-27 --to images --json images',
  ],
  fields: ['run', 'items', 'images', 'damaged', 'folder'],
  uses: 'direct',
  run: ({ args: [catalogue = '', run], options: { tenant, to }, host }) =>
    withDeliveredRun({ tenant, catalogue, run }, host, async (delivered) => {
      await mkdir(to, { recursive: true });
      const damaged: Damage[] = [];
      const images = await readImages(delivered, host, async (bytes, entry, problem) => {
        if (problem || !bytes) {
          damaged.push(describeDamage(entry, problem ?? 'is missing'));
          return;
        }
        const path = join(to, entry.name);
        await writeFile(`${path}.part`, bytes);
        await rename(`${path}.part`, path);
      });
      // Last: a folder with a manifest is complete.
      await copyFile(delivered.manifestPath, join(to, 'manifest.jsonl'));
      const lost = damaged
        .map(({ name, problem }) => `${showSafely(name)}: ${problem}\n`)
        .slice(0, MAX_SHOWN);
      return {
        data: { run: delivered.run, items: delivered.items, images, damaged, folder: to },
        text: `${lost.join('')}${formatCount(images - damaged.length, 'image')} of run ${delivered.run} in ${to}.\n`,
        exitCode: damaged.length === 0 ? EXIT.ok : EXIT.partial,
      };
    }),
});

const describeDamage = ({ key, view, name, image }: ManifestEntry, problem: string): Damage => ({
  key,
  view,
  name,
  object: image?.key ?? '',
  problem,
});

/** Reads all images of a run, some at the same time. @returns how many the manifest has */
async function readImages(
  { store, items, entries }: DeliveredRun,
  host: Host,
  onImage: (
    bytes: Uint8Array | undefined,
    entry: ManifestEntry,
    problem: string | undefined,
  ) => Promise<void>,
): Promise<number> {
  const display = openProgress(host, { unit: 'images' });
  let done = 0;
  let images = 0;
  const source = entries();
  const readNext = async () => {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      host.signal.throwIfAborted();
      const entry = next.value;
      done += 1;
      if (!entry.image) continue;
      images += 1;
      const bytes = await store.get(entry.image.key, { signal: host.signal });
      await onImage(bytes, entry, findProblem(bytes, entry.image));
      display.show({ done, total: items });
    }
  };
  try {
    await Promise.all(Array.from({ length: PARALLEL }, readNext));
  } finally {
    display.end();
  }
  return images;
}

function findProblem(
  bytes: Awaited<ReturnType<ObjectStore['get']>>,
  image: NonNullable<ManifestEntry['image']>,
): string | undefined {
  if (!bytes) return 'is missing';
  if (bytes.length !== image.bytes) return `has ${bytes.length} bytes, not ${image.bytes}`;
  const digest = createHash('sha256').update(bytes).digest('hex');
  return digest === image.sha256 ? undefined : 'has another SHA-256 than the manifest says';
}
