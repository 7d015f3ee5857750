import { connectAdmin, createOwnRedis, plantSecret, until, withOwnRedis } from '@darkroom/testkit';
import { expect } from 'vitest';
import { openHarness } from '../support/harness.ts';

withOwnRedis('/readyz of a producer says that Redis refuses the password of QUEUE_URL', async () => {
  const server = await createOwnRedis();
  await server.start();
  const [admin, password] = [connectAdmin(server), plantSecret()];
  await admin.call('ACL', 'SETUSER', 'images', 'on', `>${password}`, '~*', '&*', '+@all');
  const harness = await openHarness({ queueUrl: `redis://images:${password}@127.0.0.1:${server.port}` });
  expect((await harness.get('/readyz')).status).toBe(200);

  await admin.call('ACL', 'SETUSER', 'images', 'resetpass', '>another');
  await admin.call('CLIENT', 'KILL', 'USER', 'images');
  const readiness = await until(
    async () => {
      const response = await harness.get('/readyz');
      const { reason } = (await response.json()) as { reason?: string };
      return response.status === 503 && reason !== undefined && reason;
    },
    { timeout: 30_000 },
  );
  expect(readiness).toMatch(/^queue engine: Redis refuses the user images of QUEUE_URL: WRONGPASS /);
});
