import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPlaceScript, type ManifestEntry, runKey } from '@darkroom/catalogue';
import { thumbnailKey } from '@darkroom/shared/render';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { formatCount, showSafely } from '../../output/index.ts';
import { type DeliveredRun, withDeliveredRun } from './delivered-run.ts';
import { type Damage, describeDamage, findProblem, readImages } from './read-images.ts';
import { tenantOption } from './runs.ts';
import { writeZip, type ZippedFile } from './write-zip.ts';

/** Damaged images that are shown. `--json` has all. */
const MAX_SHOWN = 20;

interface Options {
  tenant?: string;
  to?: string;
  zip?: string;
}

/** What an export wrote. */
interface Exported {
  /** That the manifest has. */
  images: number;
  damaged: Damage[];
}

export const exportCommand = defineCommand<Options>({
  path: 'catalogue export',
  summary: 'Copy all images of a run, under their names, to a folder or into a zip.',
  details:
    'It reads the store of STORE_URL. Each image is checked against the manifest before it gets its name. A folder that has some ' +
    'of the images already gets the others. A zip also has the report, which opens in a browser once the zip is unpacked. ' +
    'The exit code is 5 if an image is missing or damaged.',
  args: [
    { name: '<name>', text: 'the name of a catalogue' },
    { name: '[run]', text: 'the name of a run (default: the last good one)' },
  ],
  options: [
    tenantOption(),
    new Option('--to <folder>', 'a folder for the images and the manifest; it is created').conflicts('zip'),
    new Option('--zip <file>', 'a zip with the images, the manifest and the report; it replaces the file'),
  ],
  examples: [
    'catalogue export shoes --to images',
    'catalogue export shoes --zip shoes.zip',
    'catalogue export shoes 2026-11-27 --to images --json images',
  ],
  fields: ['run', 'items', 'images', 'damaged', 'folder', 'zip'],
  uses: 'direct',
  run: async ({ args: [catalogue = '', run], options: { tenant, to, zip }, host }) => {
    const target = to ?? zip;
    if (target === undefined)
      throw new CliError(EXIT.usage, 'expected --to <folder> or --zip <file>, received neither');
    return await withDeliveredRun({ tenant, catalogue, run }, host, async (delivered) => {
      const { images, damaged } =
        zip === undefined
          ? await exportFolder(delivered, target, host)
          : await exportZip(delivered, zip, host);
      const lost = damaged
        .map(({ name, problem }) => `${showSafely(name)}: ${problem}\n`)
        .slice(0, MAX_SHOWN);
      return {
        data: {
          run: delivered.run,
          items: delivered.items,
          images,
          damaged,
          ...(zip === undefined ? { folder: target } : { zip }),
        },
        text: `${lost.join('')}${formatCount(images - damaged.length, 'image')} of run ${delivered.run} in ${target}.\n`,
        exitCode: damaged.length === 0 ? EXIT.ok : EXIT.partial,
      };
    });
  },
});

async function exportFolder(delivered: DeliveredRun, to: string, host: Host): Promise<Exported> {
  await mkdir(to, { recursive: true });
  const exported: Exported = { images: 0, damaged: [] };
  // An image that an interrupted export copied.
  const isPresent = async ({ name, image }: ManifestEntry) => {
    const bytes = await readFile(join(to, name)).catch(() => undefined);
    return image !== null && findProblem(bytes, image) === undefined;
  };
  for await (const read of readImages(delivered, host, isPresent)) {
    exported.images += 1;
    if (read.kind === 'damaged') exported.damaged.push(describeDamage(read.entry, read.problem));
    if (read.kind !== 'whole') continue;
    const path = join(to, read.entry.name);
    await writeFile(`${path}.part`, read.bytes);
    await rename(`${path}.part`, path);
  }
  // Last: a folder with a manifest is complete.
  await copyFile(delivered.manifestPath, join(to, 'manifest.jsonl'));
  return exported;
}

async function exportZip(delivered: DeliveredRun, path: string, host: Host): Promise<Exported> {
  const exported: Exported = { images: 0, damaged: [] };
  const { signal } = host;
  const lastModified = new Date(host.clock.now());
  await writeZip(path, listFiles(delivered, exported, host), { lastModified, signal });
  return exported;
}

/** The report finds its images in `images/`, and the small ones in `thumbnails/`. */
async function* listFiles(
  delivered: DeliveredRun,
  exported: Exported,
  host: Host,
): AsyncGenerator<ZippedFile, void, void> {
  const { store, id, manifestPath } = delivered;
  const { signal } = host;
  for await (const read of readImages(delivered, host)) {
    exported.images += 1;
    if (read.kind === 'damaged') exported.damaged.push(describeDamage(read.entry, read.problem));
    if (read.kind !== 'whole') continue;
    const { name, render_id: renderId } = read.entry;
    yield { name: `images/${name}`, body: read.bytes };
    const key = renderId === null ? undefined : thumbnailKey(renderId);
    const thumbnail = key === undefined ? undefined : await store.get(key, { signal });
    // Without it, the report shows the image.
    if (key !== undefined && thumbnail) yield { name: key, body: thumbnail };
  }
  const place = 'report/place.js';
  const catalogue = { tenant: id.tenant, name: id.catalogue };
  yield { name: place, body: createPlaceScript('export', catalogue) };
  const root = runKey(id, '');
  for await (const key of listKeys(delivered, runKey(id, 'report'), signal)) {
    const name = key.slice(root.length);
    const body = name === place ? undefined : await store.get(key, { signal });
    if (body) yield { name, body };
  }
  yield { name: 'manifest.jsonl', body: await readFile(manifestPath) };
}

async function* listKeys(
  { store }: DeliveredRun,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<string, void, void> {
  for (let cursor: string | undefined; ; ) {
    const page = await store.list({ prefix, signal, ...(cursor === undefined ? {} : { cursor }) });
    for (const { key } of page.objects) yield key;
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}
