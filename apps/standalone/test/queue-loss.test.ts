import { connectAdmin, type RedisServer, until, withOwnRedis } from '@darkroom/testkit';
import { expect } from 'vitest';
import { startLossDrill } from './support/loss-drill.ts';

/** Renders of the whole drill. `LOSS_RENDERS=2000` runs the large one. */
const RENDERS = Number(process.env['LOSS_RENDERS'] ?? 60);
const LOSSES = ['power loss', 'FLUSHALL', 'an empty Redis', 'FLUSHALL and killed workers'] as const;

async function flushAll(redis: RedisServer): Promise<void> {
  const admin = connectAdmin(redis);
  await admin.flushall();
  admin.disconnect();
}

withOwnRedis(
  'each time that the queue is lost, every accepted render still ends once, is bought once and is reported once',
  async () => {
    const drill = await startLossDrill();
    const { redis, simulator, receiver } = drill;
    const share = Math.ceil(RENDERS / LOSSES.length);
    const accepted: string[] = [];
    for (const loss of LOSSES) {
      const onDisk = await redis.readFileSize();
      const soldBefore = simulator.book.totals().tasks;
      accepted.push(...(await drill.accept(share)));
      // Renders are at every step: some wait, some are at the provider, some are stored, some have ended.
      await until(() => simulator.book.totals().tasks >= soldBefore + share * 0.6, { timeout: 60_000 });
      await until(() => receiver.webhooks.length >= accepted.length - share * 0.8, { timeout: 60_000 });
      switch (loss) {
        case 'power loss':
          await redis.losePower(onDisk);
          await redis.start();
          break;
        case 'FLUSHALL':
          await flushAll(redis);
          break;
        case 'an empty Redis':
          await redis.loseAll();
          await redis.start();
          break;
        case 'FLUSHALL and killed workers':
          await flushAll(redis);
          await drill.replaceWorkers();
          await drill.replaceWorkers();
      }
    }
    expect(new Set(accepted).size).toBe(share * LOSSES.length);
    await until(async () => (await drill.countOpen(accepted)) === 0, {
      timeout: 60_000 + RENDERS * 200,
      every: 500,
      what: 'every render ended',
    });
    await until(() => drill.listUnreported(accepted).length === 0, { timeout: 30_000 });

    const charges = { spent: 0, possiblySpent: 0, actual: 0 };
    let unknown = 0;
    for (const id of accepted) {
      const render = await drill.darkroom.renders.get(id);
      const tasks = simulator.book.byBusinessId(id);
      charges.spent += Number(render.cost.spent);
      charges.possiblySpent += Number(render.cost.possibly_spent);
      charges.actual += tasks.reduce((sum, { charged }) => sum + charged, 0) / 1e6;
      // A worker that is killed between its claim and its answer leaves a purchase that only an operator can decide.
      if (render.error?.code === 'submission_unknown') {
        unknown += 1;
        expect(tasks.length).toBeLessThanOrEqual(1);
        continue;
      }
      expect({ id, status: render.status, bought: tasks.length }).toEqual({
        id,
        status: 'completed',
        bought: 1,
      });
      const ends = receiver.webhooks.filter(
        ({ event }) => event.data.id === id && event.type === 'render.completed',
      );
      expect(new Set(ends.map((webhook) => webhook.id)).size).toBe(1);
    }
    expect(unknown).toBeLessThanOrEqual(share);
    expect(charges.spent).toBeLessThanOrEqual(charges.actual + 1e-6);
    expect(charges.actual).toBeLessThanOrEqual(charges.spent + charges.possiblySpent + 1e-6);
  },
  120_000 + RENDERS * 400,
);
