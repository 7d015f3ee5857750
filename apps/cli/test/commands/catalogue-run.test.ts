import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requires, tempDir } from '@darkroom/testkit';
import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { startDarkroom } from '../support/running-darkroom.ts';

/** A PNG of one pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const YAML = `name: shoes
tenant: shop
source: { path: products.csv }
key: sku
prompt: A photo of shoe {{ sku }} in {{ color }}
references: [photo]
`;

requires('redis').describe('catalogue run', () => {
  test('a run uploads the source and reference images, and delivers; verify, export and an approved plan follow', async () => {
    const server = await startDarkroom();
    const folder = await tempDir();
    const file = join(folder, 'catalogue.yaml');
    const csv = join(folder, 'products.csv');
    await mkdir(join(folder, 'photos'));
    await writeFile(join(folder, 'photos', 'a.png'), Buffer.from(PNG, 'base64'));
    await writeFile(file, YAML);
    const rows = (color: string) =>
      `sku,color,photo\n${Array.from({ length: 12 }, (_, n) => `S-${n},${n === 0 ? color : 'red'},${n < 3 ? 'photos/a.png' : ''}\n`).join('')}`;
    await writeFile(csv, rows('red'));
    const env = server.shopEnv;
    const direct = { env: { ...server.workerEnv, ...env } };

    const first = await server.json(['catalogue', 'run', file, '--run', 'night-1'], { env });
    expect(first).toMatchObject({ status: 'completed', counts: { items: 12, bought: 12 } });
    const status = await server.run(['catalogue', 'status', 'shoes'], { env });
    expect(status.out).toMatch(/^status +completed$/m);
    const verified = await server.run(['catalogue', 'verify', 'shoes', '--tenant', 'shop'], direct);
    expect(verified).toMatchObject({
      code: 0,
      out: 'Run night-1: 12 images. All are as the manifest says.\n',
    });

    const { url } = await server.json(['catalogue', 'report', 'shoes'], { env });
    const headers = { authorization: `Bearer ${env.DARKROOM_API_KEY}` };
    const page = await fetch(url, { headers });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const index = await fetch(new URL('report/index-0001.js', url), { headers });
    expect(await index.text()).toContain('"S-11"');

    const to = join(folder, 'out');
    const exported = await server.run(
      ['catalogue', 'export', 'shoes', '--tenant', 'shop', '--to', to],
      direct,
    );
    expect(exported.code).toBe(0);
    expect((await readdir(to)).length).toBe(13);

    // A folder that has some of the images gets the others.
    const present = await stat(join(to, 'S-2.jpg'));
    await writeFile(join(to, 'S-1.jpg'), 'half an ima');
    await rm(join(to, 'S-0.jpg'));
    const again = ['catalogue', 'export', 'shoes', '--tenant', 'shop'];
    expect((await server.run([...again, '--to', to], direct)).code).toBe(0);
    expect((await stat(join(to, 'S-2.jpg'))).ino).toBe(present.ino);

    const zip = join(folder, 'shoes.zip');
    const zipped = await server.run([...again, '--zip', zip], direct);
    expect(zipped).toMatchObject({ code: 0, out: `12 images of run night-1 in ${zip}.\n` });
    const files = unzipSync(await readFile(zip));
    for (const name of await readdir(to)) {
      const file = files[name === 'manifest.jsonl' ? name : `images/${name}`];
      expect([name, file && Buffer.from(file)]).toEqual([name, await readFile(join(to, name))]);
    }
    expect(Object.keys(files).filter((name) => name.startsWith('thumbnails/rnd_'))).toHaveLength(12);
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['report.html', 'report/report.js']));
    expect(Buffer.from(files['report/place.js'] ?? '').toString()).toContain('"export"');
    expect(await server.run(again, direct)).toMatchObject({
      code: 2,
      err: expect.stringContaining('expected --to <folder> or --zip <file>'),
    });

    await writeFile(csv, rows('blue'));
    const plan = join(folder, 'plan.json');
    const planned = await server.run(['catalogue', 'plan', file, '--backlog', '0', '--out', plan], direct);
    expect(planned.code).toBe(0);
    await writeFile(csv, rows('green'));
    const changed = await server.run(['catalogue', 'run', file, '--run', 'other', '--plan', plan], { env });
    expect(changed).toMatchObject({
      code: 6,
      out: expect.stringContaining('the plan is not the approved one'),
    });
    await writeFile(csv, rows('blue'));
    const approved = await server.json(['catalogue', 'run', file, '--run', 'night-2', '--plan', plan], {
      env,
    });
    expect(approved).toMatchObject({ status: 'completed', counts: { bought: 1, unchanged: 11 } });

    // Other metadata: all images are delivered again, and none is bought.
    const tasks = server.simulator.book.totals().tasks;
    await writeFile(file, `${YAML}image_metadata: { digital_source_type: trainedAlgorithmicMedia }\n`);
    const marked = await server.json(['catalogue', 'run', file, '--run', 'night-3'], { env });
    expect(marked).toMatchObject({ status: 'completed', counts: { bought: 0, unchanged: 12 } });
    expect(server.simulator.book.totals().tasks).toBe(tasks);
    const withMetadata = join(folder, 'marked');
    expect((await server.run([...again, '--to', withMetadata], direct)).code).toBe(0);
    expect(await readFile(join(withMetadata, 'S-2.jpg'), 'latin1')).toContain('trainedAlgorithmicMedia');

    await writeFile(csv, `${await readFile(csv, 'utf8')}S-1,red,\n`);
    const problems = await server.run(['catalogue', 'run', file, '--run', 'bad'], { env });
    expect(problems).toMatchObject({ code: 1, out: expect.stringContaining('source:14 sku: line 3') });
    const runs = await server.json(['catalogue', 'list', 'shoes'], { env });
    expect(runs.map(({ run }: { run: string }) => run)).toEqual(['other', 'night-3', 'night-2', 'night-1']);
  });
});
