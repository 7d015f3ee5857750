import { parseSettings } from '@darkroom/shared/config';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, tempDir, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHouse } from '../src/compose.ts';

test('a purchase whose answer was lost is settled by the provider itself, and not made again', async () => {
  const settings = {
    ...parseSettings({ DATA_DIR: await tempDir(), LOG_LEVEL: 'silent' }),
    PORT: 0,
    WORKER_PORT: 0,
  };
  const house = await openHouse({ settings, secrets: [], clock: systemClock, fast: true });
  cleanup(() => house.close());
  house.simulator?.faults.add({ kind: 'accept_then_cut' });
  const answer = await fetch(`${house.producer.url}/v1/renders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a mug' }),
  });
  const { id } = (await answer.json()) as { id: string };
  const render = await until(
    async () => {
      const now = (await (await fetch(`${house.producer.url}/v1/renders/${id}`)).json()) as {
        status: string;
      };
      return now.status === 'completed' && now;
    },
    { timeout: 60_000 },
  );
  expect(render).toMatchObject({ status: 'completed', attempts: 1, cost: { purchases: 1 } });
  expect(house.simulator?.book.byBusinessId(id)).toHaveLength(1);
}, 120_000);
