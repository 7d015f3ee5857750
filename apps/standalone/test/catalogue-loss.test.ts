import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAdmin, spawnNode, tempDir, until, withOwnRedis } from '@darkroom/testkit';
import { createStream } from '@darkroom/upstream-simulator';
import { expect } from 'vitest';
import { type LossDrill, startLossDrill } from './support/loss-drill.ts';

/** Products of the catalogue, and kills while it runs. `CATALOGUE_PRODUCTS=2000 CATALOGUE_KILLS=10` runs the large one. */
const PRODUCTS = Number(process.env['CATALOGUE_PRODUCTS'] ?? 60);
const KILLS = Number(process.env['CATALOGUE_KILLS'] ?? 3);
const SEED = Number(process.env['CATALOGUE_SEED'] ?? 12);

const CLI = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const FILE = `name: shoes
source: { path: products.csv }
key: sku
prompt: A photo of {{ name }}, article {{ sku }}
resolution: 1K
image_name: '{sku}.jpg'
`;

interface Entry {
  key: string;
  name: string;
  inputs: { prompt: string };
  status: string;
  render_id: string | null;
  image: { key: string; sha256: string } | null;
  error: { code: string } | null;
}

interface Run {
  status: string;
  counts: Record<'items' | 'bought' | 'unchanged' | 'quarantined' | 'not_bought' | 'failed', number>;
}

const keys = Array.from({ length: PRODUCTS }, (_, index) => `SKU-${String(index).padStart(5, '0')}`);

/** Starts a run of a catalogue with the command that a person would use. */
async function startRun({ url }: LossDrill): Promise<void> {
  const folder = await tempDir();
  const rows = keys.map((sku, index) => `${sku},"Shoe, Größe ${index}","19,90"\n`);
  await writeFile(join(folder, 'catalogue.yaml'), FILE);
  await writeFile(join(folder, 'products.csv'), `sku,name,price\n${rows.join('')}`);
  const command = spawnNode(CLI, {
    name: 'darkroom',
    args: ['catalogue', 'run', join(folder, 'catalogue.yaml'), '--run', 'night', '--no-wait'],
    env: { DARKROOM_URL: url },
  });
  expect((await command.exited).code, command.lines.join('\n')).toBe(0);
}

/** The run, or undefined while the producer or the queue is away. */
async function readRun({ url }: LossDrill): Promise<Run | undefined> {
  const response = await fetch(`${url}/v1/catalogues/shoes/runs/night`).catch(() => undefined);
  return response?.ok ? ((await response.json()) as Run) : undefined;
}

withOwnRedis(
  'a catalogue has each item once, under its own name, after kills of every process and a lost queue, with late and repeated webhooks',
  async () => {
    const drill = await startLossDrill({ UNKNOWN_GRACE_MS: '3000' });
    const { simulator, redis } = drill;
    const random = createStream(SEED, 'kills');
    simulator.faults.set([
      { kind: 'fail_task', rate: 0.03 },
      { kind: 'webhook_twice', rate: 0.2 },
      { kind: 'webhook_late', rate: 0.2, ms: 20_000 },
      { kind: 'webhook_lost', rate: 0.2 },
    ]);
    await startRun(drill);

    const kills = [drill.replaceOneWorker, drill.replaceProducer, drill.replaceWorkers];
    const moments = Array.from({ length: KILLS }, () => random() * 0.9 * PRODUCTS).toSorted((a, b) => a - b);
    for (const [index, moment] of moments.entries()) {
      await until(() => simulator.book.totals().tasks >= moment, {
        timeout: 120_000 + PRODUCTS * 100,
        what: `kill ${index + 1} after ${Math.round(moment)} purchases`,
      });
      await kills[index % kills.length]?.();
      if (index === Math.floor(KILLS / 2)) {
        const admin = connectAdmin(redis);
        await admin.flushall();
        admin.disconnect();
      }
    }
    let run: Run | undefined;
    await until(
      async () => {
        run = await readRun(drill);
        return run !== undefined && ['completed', 'partial', 'stopped', 'canceled'].includes(run.status);
      },
      { timeout: 120_000 + PRODUCTS * 300, every: 250, what: 'the run has ended' },
    );
    const { counts } = run as Run;
    const { bought, failed, unchanged, quarantined, not_bought: notBought } = counts;
    expect(bought + unchanged + quarantined + notBought + failed).toBe(counts.items);
    expect(counts).toMatchObject({ items: PRODUCTS, unchanged: 0, quarantined: 0, not_bought: 0 });

    const readObject = async (key: string) => Buffer.from((await drill.store.get(key)) ?? '');
    const manifest = (await readObject('catalogues/default/shoes/runs/night/manifest.jsonl'))
      .toString('utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Entry);
    expect(manifest.map(({ key }) => key)).toEqual(keys);

    let images = 0;
    let refunded = 0;
    let unknown = 0;
    for (const { key, name, inputs, status, image, error, render_id: renderId } of manifest) {
      const tasks = simulator.book.byBusinessId(renderId ?? '');
      const paid = tasks.filter((task) => task.refunded === 0).length;
      refunded += tasks.length - paid;
      images += status === 'completed' ? 1 : 0;
      unknown += error?.code === 'submission_unknown' ? paid : 0;
      expect(paid, key).toBeLessThanOrEqual(1);
      expect(name).toBe(`${key}.jpg`);
      if (status !== 'completed') continue;
      expect(new Set(tasks.map(({ prompt }) => prompt))).toEqual(new Set([inputs.prompt]));
      expect(inputs.prompt.endsWith(`article ${key}`)).toBe(true);
      const bytes = await readObject(image?.key ?? '');
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(image?.sha256);
      const { image: stored } = await drill.darkroom.renders.get(renderId ?? '');
      expect(stored?.sha256).toBe(image?.sha256);
    }
    const sold = simulator.book.totals().tasks;
    console.log(
      `${PRODUCTS} items, ${KILLS} kills: ${images} images, ${refunded} refunded, ${unknown} unknown, ${sold} purchases`,
    );
    expect(images).toBe(bought);
    expect(sold).toBe(images + refunded + unknown);
  },
  180_000 + PRODUCTS * 500,
);
