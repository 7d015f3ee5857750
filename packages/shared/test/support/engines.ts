import { cleanup, tempDir, uniquePrefix } from '@darkroom/testkit';
import { beforeAll, beforeEach, describe, inject } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { openQueues, type Queues } from '../../src/queues/index.ts';

/** Runs a suite on each engine that is there, on queues of its own. */
export function onEachEngine(name: string, suite: (queues: () => Queues, engine: () => Engine) => void) {
  const redisUrl = inject('services').redis?.url;
  describe.each(['redis', 'pglite'] as const)(`${name} on %s`, (kind) => {
    const missing = kind === 'redis' && !redisUrl && !process.env['CI'];
    let engine: Engine;
    let queues: Queues;
    // What a test left must not be the next one's work.
    beforeEach(async () => {
      if (missing) return;
      // Renders last: one whose child is taken away goes on, and would be in the queue again.
      const { render, ...others } = queues;
      for (const queue of [...Object.values(others), render]) await queue.obliterate({ force: true });
    });
    beforeAll(async () => {
      if (missing) return;
      engine = await openEngine({
        queueUrl: kind === 'redis' ? redisUrl : undefined,
        dataDir: await tempDir(),
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
