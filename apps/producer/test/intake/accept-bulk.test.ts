import { parseSettings } from '@darkroom/shared/config';
import { type Engine, openEngine } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { openQueues } from '@darkroom/shared/queues';
import { createLogger, systemClock } from '@darkroom/shared/runtime';
import { cleanup, requires, service, tempDir, uniquePrefix, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createIntakeRecorder, createRenderQueue, createRunIntake } from '../../src/backends/index.ts';
import {
  acceptBulk,
  type BulkInput,
  type IntakeDeps,
  MAX_CONCURRENT_BATCHES,
} from '../../src/intake/index.ts';
import { withAddBulk } from '../support/failing-engine.ts';

async function openIntake(wrap: (engine: Engine) => Engine = (engine) => engine): Promise<IntakeDeps> {
  const dataDir = await tempDir();
  const engine = await openEngine({
    queueUrl: service('redis').url,
    dataDir,
    role: 'producer',
    prefix: uniquePrefix(),
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const store = await openStore({ dataDir, clock: systemClock });
  const wrapped = wrap(engine);
  let tokens = 0;
  const queue = createRenderQueue(wrapped, openQueues(wrapped, { days: 1 }));
  const ledger = new Ledger(store, systemClock);
  const settings = parseSettings({});
  const logger = createLogger({ name: 'producer', level: 'silent' });
  const recorder = createIntakeRecorder({
    queue,
    store,
    ledger,
    settings,
    logger,
    clock: systemClock,
  });
  cleanup(async () => recorder.close());
  return {
    queue,
    queueState: { isIncomplete: async () => false },
    recorder,
    runs: createRunIntake({ store, engine: wrapped, settings }),
    store,
    ledger,
    clock: systemClock,
    uploads: { isUploadUrl: () => false, resolve: async () => undefined },
    maxBodyBytes: 1_000_000,
    newToken: () => String(tokens++),
    webhooks: { secrets: [], allowPrivate: false },
    recordIntake: () => undefined,
  };
}

const batch = (number: number, size = 10): BulkInput[] =>
  Array.from({ length: size }, (_, at) => ({ index: number * size + at, value: { prompt: `p ${at}` } }));

requires('redis').describe('acceptBulk()', () => {
  test('acceptBulk() reads only a few batches more than its caller has read results', async () => {
    let added = 0;
    const deps = await openIntake((engine) =>
      withAddBulk(engine, async (add) => {
        await add();
        added += 1;
      }),
    );
    let read = 0;
    const endless = async function* () {
      for (;;) yield batch(read++);
    };
    const results = acceptBulk(deps, { tenant: 'default', key: undefined }, endless());
    await results.next();
    // The one that was read, and those under way.
    const most = 1 + MAX_CONCURRENT_BATCHES;
    await until(() => added === most);
    await deps.queue.ping();
    expect([read, added]).toEqual([most, most]);
    await results.next();
    await until(() => added === most + 1);
    await deps.queue.ping();
    expect([read, added]).toEqual([most + 1, most + 1]);
    await results.return(undefined);
  });

  test('acceptBulk() yields the results of all items that were read before it throws the error of the body', async () => {
    const deps = await openIntake();
    const broken = async function* () {
      yield batch(0);
      yield batch(1);
      throw new Error('the line went dead');
    };
    const results = acceptBulk(deps, { tenant: 'default', key: undefined }, broken());
    const indexes: number[] = [];
    const reading = async () => {
      for await (const some of results) indexes.push(...some.map(({ index }) => index));
    };
    await expect(reading()).rejects.toThrow('the line went dead');
    expect(indexes).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  test('the first of two items with one key makes the render, also across batches', async () => {
    const deps = await openIntake();
    const twins = async function* (): AsyncGenerator<BulkInput[]> {
      yield [{ index: 0, value: { prompt: 'a', idempotency_key: 'k' } }];
      yield [{ index: 1, value: { prompt: 'a', idempotency_key: 'k' } }];
      yield [{ index: 2, value: { prompt: 'b', idempotency_key: 'k' } }];
    };
    const outcomes: unknown[] = [];
    for await (const results of acceptBulk(deps, { tenant: 'default', key: undefined }, twins())) {
      for (const one of results) outcomes.push('accepted' in one ? one.accepted.duplicate : one.problem.code);
    }
    expect(outcomes).toEqual([false, true, 'idempotency_conflict']);
  });
});
