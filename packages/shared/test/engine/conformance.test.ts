import { tempDir, uniquePrefix } from '@darkroom/testkit';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { createBench } from './bench.ts';
import { adding } from './guarantees/adding.ts';
import { children } from './guarantees/children.ts';
import { failing } from './guarantees/failing.ts';
import { looking } from './guarantees/looking.ts';
import { observing } from './guarantees/observing.ts';
import { order } from './guarantees/order.ts';
import { pacing } from './guarantees/pacing.ts';
import { polling } from './guarantees/polling.ts';
import { schedules } from './guarantees/schedules.ts';

const redisUrl = inject('services').redis?.url;

describe.each(['redis', 'pglite'] as const)('%s', (kind) => {
  const missing = kind === 'redis' && !redisUrl && !process.env['CI'];
  let engine: Engine | undefined;
  const bench = createBench(() => {
    if (!engine) throw new Error('the engine is not open');
    return engine;
  });

  beforeAll(async () => {
    if (missing) return;
    if (kind === 'redis' && !redisUrl) throw new Error('There is no Redis to test with.');
    engine = await openEngine({
      queueUrl: kind === 'redis' ? redisUrl : undefined,
      dataDir: await tempDir(),
      role: 'both',
      prefix: uniquePrefix(),
      onError: (error, where) => console.error(where, error),
    });
  });
  afterAll(() => engine?.close());

  describe.skipIf(missing)('adding', () => adding(bench));
  describe.skipIf(missing)('order', () => order(bench));
  describe.skipIf(missing)('polling', () => polling(bench));
  describe.skipIf(missing)('failing', () => failing(bench));
  describe.skipIf(missing)('children', () => children(bench));
  describe.skipIf(missing)('pacing', () => pacing(bench));
  describe.skipIf(missing)('observing', () => observing(bench));
  describe.skipIf(missing)('looking', () => looking(bench));
  describe.skipIf(missing)('schedules', () => schedules(bench));
});
