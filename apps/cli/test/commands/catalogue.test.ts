import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import { freePort, requires, tempDir } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { darkroom } from '../support/run.ts';
import { startDarkroom } from '../support/running-darkroom.ts';

/** A folder with the example of `catalogue init`. */
async function initExample() {
  const folder = await tempDir();
  const { code } = await darkroom(['catalogue', 'init', folder]);
  expect(code).toBe(0);
  const env = { DATA_DIR: join(folder, 'data') };
  return { folder, file: join(folder, 'catalogue.yaml'), csv: join(folder, 'products.csv'), env };
}

const parse = (out: string) => JSON.parse(out);

describe('catalogue', () => {
  test('the example is valid, has ten rows, and init replaces no file', async () => {
    const { folder, file, csv, env } = await initExample();
    const checked = await darkroom(['catalogue', 'check', file], { env });
    expect(checked).toMatchObject({ code: 0, out: '10 rows, 20 images: no problem.\n' });
    await writeFile(csv, 'mine');
    expect((await darkroom(['catalogue', 'init', folder])).code).toBe(2);
    expect(await readFile(csv, 'utf8')).toBe('mine');
  });

  test('check reports every problem with its line, and exits with 1', async () => {
    const { file, csv, env } = await initExample();
    await writeFile(csv, `${await readFile(csv, 'utf8')}CH 100,Chair,chair,red,wood,1\nbad row\n`);
    const { code, out } = await darkroom(['catalogue', 'check', file], { env });
    expect(code).toBe(1);
    expect(out).toContain('source:12 sku: line 2 has the same key: "CH 100"\n');
    expect(out).toContain('source:13 expected 6 values, received 1\n');
    expect(out).toContain('2 problems. Nothing was bought.');
    const planned = await darkroom(['catalogue', 'plan', file, '--backlog', '0', '--json', 'count,price'], {
      env,
    });
    expect(planned.code).toBe(1);
    expect(parse(planned.out)).toEqual({ count: 2, price: null });
  });

  test('check and plan list the rows that would be quarantined, and exit with 0', async () => {
    const { file, csv, env } = await initExample();
    await writeFile(csv, `${await readFile(csv, 'utf8')}CH 100,Chair,chair,red,wood,1\n`);
    const yaml = await readFile(file, 'utf8');
    await writeFile(file, yaml.replace('guards:\n', 'guards:\n  max_quarantined_rows: 2\n'));
    const { code, out } = await darkroom(['catalogue', 'check', file], { env });
    expect(code).toBe(0);
    expect(out).toContain('source:12 sku: line 2 has the same key: "CH 100"\n2 rows in quarantine.');
    const planned = await darkroom(['catalogue', 'plan', file, '--backlog', '0'], { env });
    expect(planned.code).toBe(0);
    expect(planned.out).toMatch(/^quarantined +2$/m);
    expect(planned.out).toMatch(/^price +\$0\.450$/m);
  });

  test('plan shows the price and prompts, and --out writes what was approved', async () => {
    const { folder, file, env } = await initExample();
    const out = join(folder, 'plan.json');
    const planned = await darkroom(['catalogue', 'plan', file, '--backlog', '0', '--out', out], { env });
    expect(planned.code).toBe(0);
    expect(planned.out).toMatch(/^price +\$0\.500$/m);
    expect(planned.out).toMatch(/^ {2}\S+\.jpg {2}A /m);
    expect(parse(await readFile(out, 'utf8'))).toMatchObject({
      version: 1,
      catalogue: 'example',
      source_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      buy: { new: 20 },
      price: '0.500',
    });
  });

  test('plan says by how much it misses the deadline', async () => {
    const { file, env } = await initExample();
    // 04:00 in Berlin; 20 images at one per 7 minutes end at 06:20.
    const clock = { ...systemClock, now: () => Date.UTC(2026, 10, 27, 3) };
    const args = ['catalogue', 'plan', file, '--backlog', '0', '--quota', '0.00238095238'];
    expect((await darkroom(args, { env, clock })).out).toContain(': misses 06:00 by 20m');
  });

  test('without an API, the finish is null with a reason', async () => {
    const { file, env } = await initExample();
    const DARKROOM_URL = `http://127.0.0.1:${await freePort()}`;
    const args = ['catalogue', 'plan', file, '--json', 'finish_at,finish_reason'];
    const { out, code } = await darkroom(args, { env: { ...env, DARKROOM_URL } });
    expect(code).toBe(0);
    expect(parse(out)).toEqual({
      finish_at: null,
      finish_reason: expect.stringMatching(/^The API does not say how many renders wait .*ECONNREFUSED/),
    });
  });

  test('a guard stops with 6, and --accept passes it', async () => {
    const { file, env } = await initExample();
    const clock = { ...systemClock, now: () => Date.now() + 31 * 86_400_000 };
    const args = ['catalogue', 'plan', file, '--backlog', '0'];
    const stopped = await darkroom(args, { env, clock });
    expect(stopped.code).toBe(6);
    expect(stopped.out).toMatch(/^guard stale_source: The source is 31\.0 days old/m);
    expect((await darkroom([...args, '--accept', 'stale_source'], { env, clock })).code).toBe(0);
    expect((await darkroom([...args, '--accept', 'anything'], { env })).code).toBe(2);
  });

  test('a catalogue that has run without a last manifest meets the guard, and another one does not', async () => {
    const { file, env } = await initExample();
    const store = await openStore({ dataDir: env.DATA_DIR, clock: systemClock });
    const put = (key: string) => store.put(key, '{}', { contentType: 'application/json' });
    await put('catalogues/default/other/runs/a/summary.json');
    const args = ['catalogue', 'plan', file, '--backlog', '0'];
    expect((await darkroom(args, { env })).code).toBe(0);
    await put('catalogues/default/example/runs/a/summary.json');
    const stopped = await darkroom(args, { env });
    expect(stopped.code).toBe(6);
    expect(stopped.out).toContain('guard missing_manifest:');
    await store.close();
  });

  test('a file without a tenant is compared with the last run of --tenant, and one with a tenant is not', async () => {
    const { file, env } = await initExample();
    const yaml = (await readFile(file, 'utf8')).replace(/^tenant: .*\n/m, '');
    const store = await openStore({ dataDir: env.DATA_DIR, clock: systemClock });
    await store.put('catalogues/shop/example/runs/a/summary.json', '{}', { contentType: 'application/json' });
    await store.close();
    const plan = async (tenant: string, ...args: string[]) => {
      await writeFile(file, `${tenant}${yaml}`);
      return (await darkroom(['catalogue', 'plan', file, '--backlog', '0', ...args], { env })).code;
    };
    expect(await plan('')).toBe(0);
    expect(await plan('', '--tenant', 'shop')).toBe(6);
    expect(await plan('tenant: other\n', '--tenant', 'shop')).toBe(0);
  });

  test('--explain says why each view of a product is bought, and an unknown key exits with 3', async () => {
    const { file, env } = await initExample();
    const args = ['catalogue', 'plan', file, '--backlog', '0', '--explain'];
    const { out, code } = await darkroom([...args, 'CH 101'], { env });
    expect(code).toBe(0);
    expect(out).toMatch(
      /item +CH 101, front\nimage +CH-101-front.jpg\ndecision +buy\nreason +The last good run/,
    );
    expect((await darkroom([...args, 'none'], { env })).code).toBe(3);
  });

  test('a file that does not exist exits with 2 and names the command that writes one', async () => {
    const { code, err } = await darkroom(['catalogue', 'check', 'none.yaml']);
    expect(code).toBe(2);
    expect(err).toMatch(/none\.yaml cannot be read \(ENOENT\)[^]*catalogue init/);
  });
});

requires('redis').test('plan asks the API how many renders wait', async () => {
  const server = await startDarkroom({}, { worker: false });
  for (let at = 0; at < 3; at += 1) await server.create({ prompt: `chair ${at}` });
  const { file, env } = await initExample();
  const clock = { ...systemClock, now: () => Date.UTC(2026, 10, 27) };
  const args = ['catalogue', 'plan', file, '--quota', '1', '--accept', 'stale_source'];
  const planned = await server.json(args, { env, clock });
  // 3 that wait and 20 of the plan, at one per second, and 15 s for the last one.
  expect(planned.finish_at).toBe(new Date(Date.UTC(2026, 10, 27) + 38_000).toISOString());
});
