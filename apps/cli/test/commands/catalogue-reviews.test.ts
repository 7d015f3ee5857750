import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManifestInputs, createPlan, type ManifestEntry, NO_REVIEWS } from '@darkroom/catalogue';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { requires, tempDir } from '@darkroom/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { darkroom } from '../support/run.ts';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

const IMAGE = 'a'.repeat(64);
const PREFIX = 'catalogues/default/example/';

/** Puts the manifest of a run that delivered every image of the example. */
async function putRun(store: ObjectStore, folder: string): Promise<void> {
  const entries: ManifestEntry[] = [];
  const workFolder = join(folder, 'work');
  await mkdir(workFolder);
  const source = await readFile(join(folder, 'products.csv'));
  await createPlan({
    file: await readFile(join(folder, 'catalogue.yaml')),
    tenant: 'default',
    workFolder,
    locations: {
      folder,
      openBucket: () => Promise.reject(new Error('the example has no bucket')),
      signal: new AbortController().signal,
    },
    findManifest: async () => ({ kind: 'first_run' }),
    findReviews: async () => NO_REVIEWS,
    findPrice: () => 25_000,
    maxPurchases: 1,
    accepted: [],
    forecast: { now: 0, submitsPerSecond: 1, backlog: 0, renderMs: 1, unknown: undefined },
    onDecision: (decision) => {
      if (decision.kind === 'remove') return;
      const { key, view, name, line } = decision.item;
      entries.push({
        version: 1,
        key,
        view,
        name,
        line,
        ...createManifestInputs(decision),
        status: 'completed',
        origin: 'new',
        run: 'night-1',
        render_id: null,
        image: {
          key: 'images/a.jpg',
          sha256: IMAGE,
          bytes: 1,
          width: 1,
          height: 1,
          content_type: 'image/jpeg',
        },
        cost: { spent: '0.025', refunded: '0.000', possibly_spent: '0.000' },
        error: null,
        finished_at: '2026-11-21T03:00:00.000Z',
      });
    },
  });
  const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');
  const manifest = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  const key = `${PREFIX}runs/night-1/manifest.jsonl`;
  const latest = {
    version: 1,
    catalogue: 'example',
    run: 'night-1',
    manifest: { key, sha256: sha256(manifest), bytes: manifest.length, items: entries.length },
    source: { sha256: sha256(source), bytes: source.length, rows: 10 },
    requested_at: '2026-11-21T01:00:00.000Z',
    finished_at: '2026-11-21T03:00:00.000Z',
  };
  await store.put(key, manifest, { contentType: 'application/x-ndjson' });
  await store.put(`${PREFIX}latest.json`, JSON.stringify(latest), { contentType: 'application/json' });
}

requires('redis').describe('reviews of a catalogue', () => {
  let server: RunningDarkroom;
  let folder: string;

  beforeAll(async () => {
    server = await startDarkroom({}, { worker: false });
    folder = await tempDir();
    await darkroom(['catalogue', 'init', folder]);
    await putRun(server.store, folder);
  });

  const writeFileOf = async (reviews: object[]) => {
    const path = join(folder, 'reviews.json');
    const file = { version: 1, catalogue: 'example', tenant: 'default', run: 'night-1', reviews };
    await writeFile(path, JSON.stringify(file));
    return path;
  };
  const review = (change: object) => ({
    key: 'CH 100',
    view: 'front',
    verdict: 'rejected',
    note: null,
    prompt: null,
    image_sha256: IMAGE,
    source_hash: null,
    reviewed_at: '2026-11-22T08:00:00.000Z',
    ...change,
  });
  const plan = () =>
    server.json(['catalogue', 'plan', join(folder, 'catalogue.yaml'), '--backlog', '0'], {
      env: { DATA_DIR: server.settings.DATA_DIR },
    });

  test('that a report wrote are imported, listed, and part of the next plan', async () => {
    expect((await plan()).buy).toMatchObject({ new: 0, rejected: 0 });
    const path = await writeFileOf([
      review({ note: 'five legs' }),
      // More than one call takes, of which a plan reads those that are rejected.
      ...Array.from({ length: 120 }, (_, at) => review({ key: `XX ${at}`, verdict: 'approved' })),
    ]);
    const imported = await server.run(['catalogue', 'reviews', 'import', path]);
    expect(imported).toMatchObject({ code: 0, out: '121 reviews saved.\n' });
    const { code, out } = await server.run([
      'catalogue',
      'reviews',
      'list',
      'example',
      '--verdict',
      'rejected',
    ]);
    expect(code).toBe(0);
    expect(out).toMatch(/^CH 100 +front +rejected .*five legs/m);
    const { buy, unchanged, price } = await plan();
    expect({ buy, unchanged, price }).toEqual({
      buy: { new: 0, no_image: 0, changed: 0, rejected: 1 },
      unchanged: 19,
      price: '0.025',
    });
  });

  test('are kept if they are later than those of the file', async () => {
    const late = review({ key: 'LA 300', reviewed_at: '2026-11-22T09:00:00.000Z' });
    await server.run(['catalogue', 'reviews', 'import', await writeFileOf([late])]);
    const early = await writeFileOf([review({ key: 'LA 300', verdict: 'cleared' })]);
    expect((await server.run(['catalogue', 'reviews', 'import', early])).out).toBe(
      '0 reviews saved. 1 item had a later review.\n',
    );
  });

  test('of a file that is none are refused with the place of the problem', async () => {
    const path = await writeFileOf([review({ verdict: 'great' })]);
    const { code, err } = await server.run(['catalogue', 'reviews', 'import', path]);
    expect(code).toBe(2);
    expect(err).toContain('reviews[0].verdict: expected one of "approved", "rejected", "cleared"');
    expect((await server.run(['catalogue', 'reviews', 'import', join(folder, 'none.json')])).code).toBe(2);
  });
});

describe('catalogue reviews', () => {
  test('is a noun with its own help', async () => {
    const { out, code } = await darkroom(['catalogue', 'reviews', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Reviews: which images people approved or rejected.');
  });
});
