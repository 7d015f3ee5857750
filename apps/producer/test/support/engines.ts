import { type Engine, openEngine } from '@darkroom/shared/engine';
import { openQueues, type Queues } from '@darkroom/shared/queues';
import { cleanup, databaseDir, uniquePrefix } from '@darkroom/testkit';
import { beforeAll, beforeEach, describe, inject } from 'vitest';

/** Runs a suite on each available engine, on queues of its own. */
export function onEachEngine(name: string, suite: (queues: () => Queues, engine: () => Engine) => void) {
  const redisUrl = inject('services').redis?.url;
  describe.each(['redis', 'pglite'] as const)(`${name} on %s`, (kind) => {
    const missing = kind === 'redis' && !redisUrl && !process.env['CI'];
    let engine: Engine;
    let queues: Queues;
    // Jobs that a test leaves behind must not reach the next test.
    beforeEach(async () => {
      if (missing) return;
      // Renders last: a render whose child is removed continues, and would return to its queue.
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
