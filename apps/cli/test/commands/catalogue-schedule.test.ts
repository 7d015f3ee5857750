import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requires, tempDir } from '@darkroom/testkit';
import { expect } from 'vitest';
import { startDarkroom } from '../support/running-darkroom.ts';

const createYaml = (source: string) => `name: shoes
tenant: shop
source: { path: ${source} }
key: sku
prompt: A photo of shoe {{ sku }}
schedule: { cron: 30 1 * * *, time_zone: Europe/Berlin }
`;

requires('redis').test('catalogue schedule, list and unschedule', async () => {
  const server = await startDarkroom();
  const file = join(await tempDir(), 'catalogue.yaml');
  const env = server.shopEnv;

  await writeFile(file, createYaml('products.csv'));
  const refused = await server.run(['catalogue', 'schedule', file], { env });
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('Put the export on a server') });

  await writeFile(file, createYaml('https://shop.example.com/products.csv'));
  const scheduled = await server.run(['catalogue', 'schedule', file], { env });
  expect(scheduled.out).toMatch(/^next night +\d{4}-\d\d-\d\d 01:30 Europe\/Berlin$/m);
  const list = await server.run(['catalogue', 'list'], { env });
  expect(list.out).toMatch(/^shoes .* 01:30 Europe\/Berlin/m);
  expect(await server.json(['catalogue', 'list'], { env })).toMatchObject([
    { name: 'shoes', schedule: { cron: '30 1 * * *', last_night: null, alarms: [] } },
  ]);

  const ended = await server.run(['catalogue', 'unschedule', 'shoes', '--yes'], { env });
  expect(ended).toMatchObject({ code: 0, out: 'The catalogue shoes has no schedule any more.\n' });
  const again = await server.run(['catalogue', 'unschedule', 'shoes', '--yes'], { env });
  expect(again).toMatchObject({ code: 3, err: expect.stringContaining('has no schedule') });
});
