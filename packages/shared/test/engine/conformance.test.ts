import { databaseDir, uniquePrefix } from '@darkroom/testkit';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.ts';
import { createEngineHarness } from '../support/engine-harness.ts';
import { testAdding } from './guarantees/adding.ts';
import { testBudgetCounters } from './guarantees/budget-counters.ts';
import { testChildren } from './guarantees/children.ts';
import { testFailing } from './guarantees/failing.ts';
import { testJobFacts } from './guarantees/job-facts.ts';
import { testLeases } from './guarantees/leases.ts';
import { testObserving } from './guarantees/observing.ts';
import { testOrder } from './guarantees/order.ts';
import { testPacing } from './guarantees/pacing.ts';
import { testPolling } from './guarantees/polling.ts';
import { testPriorities } from './guarantees/priorities.ts';
import { testRunTallies } from './guarantees/run-tallies.ts';
import { testSchedules } from './guarantees/schedules.ts';

const redisUrl = inject('services').redis?.url;

describe.each(['redis', 'pglite'] as const)('%s', (kind) => {
  const missing = kind === 'redis' && !redisUrl && !process.env['CI'];
  let engine: Engine | undefined;
  const harness = createEngineHarness(() => {
    if (!engine) throw new Error('the engine is not open');
    return engine;
  });

  beforeAll(async () => {
    if (missing) return;
    if (kind === 'redis' && !redisUrl) throw new Error('There is no Redis to test with.');
    engine = await openEngine({
      queueUrl: kind === 'redis' ? redisUrl : undefined,
      dataDir: kind === 'pglite' ? await databaseDir(openEngine) : '',
      role: 'both',
      prefix: uniquePrefix(),
      onError: (error, where) => console.error(where, error),
    });
  });
  afterAll(() => engine?.close());

  describe.skipIf(missing)('adding', () => testAdding(harness));
  describe.skipIf(missing)('budget counters', () => testBudgetCounters(harness));
  describe.skipIf(missing)('run tallies', () => testRunTallies(harness));
  describe.skipIf(missing)('leases', () => testLeases(harness));
  describe.skipIf(missing)('priorities', () => testPriorities(harness));
  describe.skipIf(missing)('order', () => testOrder(harness));
  describe.skipIf(missing)('polling', () => testPolling(harness));
  describe.skipIf(missing)('failing', () => testFailing(harness));
  describe.skipIf(missing)('children', () => testChildren(harness));
  describe.skipIf(missing)('pacing', () => testPacing(harness));
  describe.skipIf(missing)('observing', () => testObserving(harness));
  describe.skipIf(missing)('job facts', () => testJobFacts(harness));
  describe.skipIf(missing)('schedules', () => testSchedules(harness));
});
