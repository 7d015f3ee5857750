import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requires, tempDir } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

requires('redis').describe('commands about batches', () => {
  let server: RunningDarkroom;
  let folder: string;

  beforeAll(async () => {
    server = await startDarkroom();
    folder = await tempDir();
  });

  const write = async (name: string, lines: object[]) => {
    const path = join(folder, name);
    await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return path;
  };
  const line = (customId: string, prompt: string) => ({
    custom_id: customId,
    method: 'POST',
    url: '/v1/renders',
    body: { prompt },
  });

  test('a file is submitted once, followed to its end, and downloaded with its images', async () => {
    const path = await write('autumn.jsonl', [
      line('Mug/Größe 1', 'a mug'),
      line('chair', 'chair [[sim:refuse_content]]'),
    ]);
    const env = server.shopEnv;
    const submit = ['batch', 'submit', path, '--key', 'autumn größe', '--window', '2h'];
    const submitted = await server.json(submit, { env });
    expect(submitted).toMatchObject({ endpoint: '/v1/renders', completion_window: '2h' });
    // The same key with the same file is the same batch.
    expect((await server.json(submit, { env })).id).toBe(submitted.id);
    const watched = await server.run(['batch', 'status', submitted.id, '--wait'], { env });
    // One of two lines has no image.
    expect(watched.code).toBe(5);
    expect(watched.out).toMatch(/lines +2: 1 with an image, 1 without/);
    const to = join(folder, 'results');
    const download = ['batch', 'download', submitted.id, '--to', to, '--images'];
    expect(await server.json(download, { env })).toEqual({ folder: to, completed: 1, failed: 1, images: 1 });
    expect(await server.json(download, { env })).toMatchObject({ images: 0 });
    const read = async (name: string) => JSON.parse(await readFile(join(to, name), 'utf8'));
    expect(await read('output.jsonl')).toMatchObject({
      custom_id: 'Mug/Größe 1',
      response: { status_code: 200, body: { object: 'render', status: 'completed' } },
    });
    expect(await read('errors.jsonl')).toMatchObject({
      custom_id: 'chair',
      response: null,
      error: { code: 'content_policy_violation' },
    });
    const [image = ''] = await readdir(join(to, 'images'));
    expect(image).toMatch(/^Mug_Gr__e_1-[0-9a-f]{8}\.(jpg|png|webp)$/);
    expect(await server.json(['batch', 'list'], { env })).toHaveLength(1);
    const operator = ['--tenant', 'shop'];
    expect((await server.run(['batch', 'status', submitted.id, ...operator])).code).toBe(0);
    expect((await server.run(['batch', 'status', submitted.id, '--tenant', 'press'])).code).toBe(3);
  });

  test('a file with problems exits with 1, and the lines are named', async () => {
    const path = await write('wrong.jsonl', [line('a', 'a mug'), line('b', '')]);
    const { code, out } = await server.run(['batch', 'submit', path, '--wait'], { env: server.shopEnv });
    expect(code).toBe(1);
    expect(out).toContain('Nothing was bought: the file has 1 problem.');
    expect(out).toMatch(/line 2: body\.prompt: expected/);
  });

  test('a cancel asks first, and an unknown batch is not found', async () => {
    const env = server.shopEnv;
    const id = `batch_${'0'.repeat(32)}`;
    expect((await server.run(['batch', 'cancel', id], { env })).code).toBe(2);
    expect((await server.run(['batch', 'cancel', id, '--yes'], { env })).code).toBe(3);
    expect((await server.run(['batch', 'submit', 'none.jsonl', '--window', '3w'], { env })).code).toBe(2);
  });
});
