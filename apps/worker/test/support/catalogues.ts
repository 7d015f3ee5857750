import { createHash } from 'node:crypto';
import {
  addRunJob,
  CatalogueRunStore,
  type ManifestEntry,
  manifestEntrySchema,
  type RunId,
  type RunRequest,
  type RunSummary,
  runKey,
  uploadedFileKey,
} from '@darkroom/catalogue';
import { until } from '@darkroom/testkit';
import { expect } from 'vitest';
import type { Harness } from './harness.ts';

export const CATALOGUE = { tenant: 'default', catalogue: 'shoes' };
const YAML =
  'name: shoes\nsource: { path: products.csv }\nkey: sku\nprompt: A photo of shoe {{ sku }} in {{ color }}\n';
const octets = { contentType: 'application/octet-stream' };

/** A CSV with so many rows. @param color of each row, by its index */
export const createCsv = (rows: number, color: (index: number) => string = () => 'red') =>
  `sku,color\n${Array.from({ length: rows }, (_, index) => `S-${index},${color(index)}\n`).join('')}`;

/** Uploads a source and requests a run, as the producer does. */
export async function beginRun(
  { store, queues }: Harness,
  csv: string,
  {
    tenant = CATALOGUE.tenant,
    run = 'night-1',
    yaml = '',
    ...more
  }: { run?: string; yaml?: string } & Partial<RunRequest> = {},
): Promise<RunId> {
  const id = { ...CATALOGUE, tenant, run };
  const upload = async (text: string) => {
    const digest = createHash('sha256').update(text).digest('hex');
    await store.put(uploadedFileKey(id.tenant, id.catalogue, digest), text, octets);
    return digest;
  };
  const sha256 = await upload(csv);
  const file = { path: 'products.csv', sha256, bytes: Buffer.byteLength(csv), modified_at: Date.now() };
  const request: RunRequest = {
    ...id,
    file: `${YAML}${yaml}`,
    files: await upload(`${JSON.stringify(file)}\n`),
    accepted: [],
    approved: null,
    actor: 'a test',
    readsBuckets: true,
    createdAt: Date.now(),
    ...more,
  };
  await new CatalogueRunStore(store).writeRequest(request);
  await addRunJob(queues, id);
  return id;
}

/** Waits until a run has ended, and everything that follows its summary is done. */
export async function waitForRun({ store }: Harness, id: RunId, timeout = 60_000): Promise<RunSummary> {
  const runs = new CatalogueRunStore(store);
  const isOpen = async () => {
    for await (const open of runs.listOpen(id)) if (open.run === id.run) return true;
    return false;
  };
  await until(async () => !(await isOpen()), { timeout, what: `the run ${id.run} has ended` });
  return (await runs.readSummary(id)) as RunSummary;
}

export async function readLines<T>({ store }: Harness, id: RunId, name: string): Promise<T[]> {
  const bytes = await store.get(runKey(id, name));
  return Buffer.from(bytes ?? '')
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

export const readManifest = async (harness: Harness, id: RunId): Promise<ManifestEntry[]> =>
  (await readLines<unknown>(harness, id, 'manifest.jsonl')).map((line) => manifestEntrySchema.parse(line));

/** The identity that always holds. */
export function expectCountsToAddUp({ counts }: RunSummary, items: number): void {
  const { bought, unchanged, quarantined, not_bought: notBought, failed } = counts;
  expect(bought + unchanged + quarantined + notBought + failed).toBe(counts.items);
  expect(counts.items).toBe(items);
}

/**
 * Checks that every image has the name of its own item: the render of the entry was bought with the prompt of the item, and
 * the object with the name has the bytes that this render stored.
 */
export async function expectRightImages(harness: Harness, entries: readonly ManifestEntry[]): Promise<void> {
  const { ledger, store, simulator } = harness;
  expect(new Set(entries.map(({ key }) => key)).size).toBe(entries.length);
  for (const { key, name, inputs, image, render_id: renderId, status } of entries) {
    if (status !== 'completed' || !image || !renderId) continue;
    expect(name).toBe(`${key}.jpg`);
    expect(inputs.prompt).toContain(`shoe ${key} `);
    const bought = simulator.book.byBusinessId(renderId);
    expect(bought.map(({ prompt }) => prompt)).toEqual([inputs.prompt]);
    const receipt = await ledger.readReceipt(renderId);
    const bytes = (await store.get(image.key)) ?? new Uint8Array();
    expect(image.key.endsWith(`/images/${name}`)).toBe(true);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(image.sha256);
    expect(receipt?.image?.sha256).toBe(image.sha256);
  }
}

export const countPurchases = ({ simulator }: Harness): number => simulator.book.totals().tasks;
