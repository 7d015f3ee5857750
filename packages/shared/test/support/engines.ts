import { cleanup, databaseDir, uniquePrefix } from '@darkroom/testkit';
import { beforeAll, beforeEach, describe, inject } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { openQueues, type Queues } from '../../src/queues/index.ts';

/** Runs a suite on each engine that is available, with its own queues. */
export function onEachEngine(name: string, suite: (queues: () => Queues, engine: () => Engine) => void) {
  const redisUrl = inject('services').redis?.url;
  describe.each(['redis', 'pglite'] as const)(`${name} on %s`, (kind) => {
    const missing = kind === 'redis' && !redisUrl && !process.env['CI'];
    let engine: Engine;
    let queues: Queues;
    // The jobs of one test must not run in the next test.
    beforeEach(async () => {
      if (missing) return;
      // Renders last: when its child is removed, a render goes back to its queue.
      const { render, ...others } = queues;
      for (const queue of [...Object.values(others), render]) await queue.obliterate({ force: true });
    });
    beforeAll(async () => {
      if (missing) return;
      engine = await openEngine({
        queueUrl: kind === 'redis' ? redisUrl : undefined,
        dataDir: kind === 'pglite' ? await databaseDir(openEngine) : '',
        role: 'both',
        prefix: uniquePrefix(),
        onError: () => undefined,
      });
      cleanup(() => engine.close());
      queues = openQueues(engine, { days: 1 });
    });
    describe.skipIf(missing)('', () =>
      suite(
        () => queues,
        () => engine,
      ),
    );
  });
}
