import { acceptedSchema, bulkSchema } from '@darkroom/api';
import { type Engine, EngineError, type EngineQueueOptions } from '@darkroom/shared/engine';
import { StoreError } from '@darkroom/shared/object-store';
import { renderJob } from '@darkroom/shared/queues';
import { renderIdFor } from '@darkroom/shared/render';
import { latch, requires, uniqueS3Url, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { createCheckpoint } from '../support/fake-worker.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';
import { interceptJournal, readJournal } from '../support/read-journal.ts';

const away = () => Promise.reject(new StoreError('unavailable', 'connect ECONNREFUSED'));

/** An engine whose adds to the queue of renders go through `around`. */
function interceptAdds(engine: Engine, around: (add: () => Promise<unknown>) => Promise<unknown>): Engine {
  const queue = <D, R>(name: string, options?: EngineQueueOptions) => {
    const real = engine.queue<D, R>(name, options);
    if (name !== 'render') return real;
    return new Proxy(real, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== 'function') return value;
        const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (key !== 'add' && key !== 'addBulk') return call;
        return (...args: unknown[]) => around(() => call(...args));
      },
    });
  };
  return Object.assign(Object.create(engine) as Engine, { queue });
}

/** A queue that never confirms an add. @param works whether the add takes effect all the same. */
const openUnconfirmed = (works: boolean) =>
  openHarness({
    wrap: (deps) => ({
      ...deps,
      engine: interceptAdds(deps.engine, async (add) => {
        if (works) await add();
        throw new EngineError('unavailable', 'no answer');
      }),
    }),
  });

const postTask = (harness: Harness, prompt: string) =>
  fetch(`${harness.url}/v1/images/generations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gemini-3-pro-image-preview', prompt, n: 1, size: '1:1' }),
  });

requires('redis').describe('the journal at intake', () => {
  const calls = {
    'POST /v1/renders': (harness: Harness) => harness.post({ prompt: 'a' }),
    'a bulk call': (harness: Harness) => harness.bulk([{ prompt: 'a' }]),
    'the drop-in endpoint': (harness: Harness) => postTask(harness, 'a'),
  };

  test.each(Object.entries(calls))(
    '%s neither adds a render nor answers before the journal has the render',
    async (_, call) => {
      const [reached, written] = [latch(), latch()];
      const harness = await openHarness({
        wrap: (deps) => ({
          ...deps,
          store: interceptJournal(deps.store, 'put', async (put) => {
            reached.open();
            await written.wait();
            await put();
          }),
        }),
      });
      let answered = false;
      const answer = call(harness).then((response) => {
        answered = true;
        return response;
      });
      await reached.wait();
      await harness.get('/healthz');
      expect([answered, await harness.jobCount()]).toEqual([false, 0]);
      written.open();
      expect((await answer).ok).toBe(true);
      expect([await readJournal(harness.store), await harness.jobCount()]).toEqual([[['a']], 1]);
    },
  );

  const expectAnswersInJournal = async (harness: Harness) => {
    const single = acceptedSchema.parse(await (await harness.post({ prompt: 'single' })).json());
    const bulk = bulkSchema.parse(await (await harness.bulk([{ prompt: 'b1' }, { prompt: 'b2' }])).json());
    const task = await postTask(harness, 'task');
    expect(single.durability).toBe('journal');
    expect(bulk.items).toMatchObject([
      { render: { durability: 'journal' } },
      { render: { durability: 'journal' } },
    ]);
    expect(task.headers.get('darkroom-durability')).toBe('journal');
    expect(await readJournal(harness.store)).toEqual([['single'], ['b1', 'b2'], ['task']]);
  };

  test('the journal in a folder has what the answers say', async () => {
    await expectAnswersInJournal(await openHarness());
  });

  requires('s3').test('the journal in S3 has what the answers say', async () => {
    await expectAnswersInJournal(await openHarness({ storeUrl: uniqueS3Url() }));
  });

  test('a bulk call writes one object per batch, also as NDJSON', async () => {
    const harness = await openHarness();
    const lines = Array.from({ length: 600 }, (_, at) => JSON.stringify({ prompt: `p${at}` })).join('\n');
    const response = await harness.bulk(lines, { 'content-type': 'application/x-ndjson' });
    expect(response.status).toBe(202);
    const entries = await readJournal(harness.store);
    expect(entries.flat().sort()).toEqual(Array.from({ length: 600 }, (_, at) => `p${at}`).sort());
    expect(entries.length).toBeLessThan(12);
  });

  test('a duplicate and the second of two items with one key are not written', async () => {
    const harness = await openHarness();
    const item = { prompt: 'first', idempotency_key: 'k' };
    const twins = bulkSchema.parse(await (await harness.bulk([item, item])).json());
    expect([twins.accepted, twins.duplicates]).toEqual([1, 1]);
    const again = acceptedSchema.parse(await (await harness.post(item)).json());
    expect(again).toMatchObject({ duplicate: true });
    expect(again.durability).toBeUndefined();
    expect(bulkSchema.parse(await (await harness.bulk([item])).json()).duplicates).toBe(1);
    expect(await readJournal(harness.store)).toEqual([['first']]);
  });

  describe('when the queue does not confirm the add', () => {
    test.each(['single', 'bulk'])(
      'a render without a key is withdrawn before the answer (%s)',
      async (kind) => {
        const harness = await openUnconfirmed(false);
        const call = kind === 'single' ? harness.post({ prompt: 'x' }) : harness.bulk([{ prompt: 'x' }]);
        const problem = await readProblem(await call);
        expect(problem).toMatchObject({ code: 'queue_unavailable' });
        expect(await readJournal(harness.store)).toEqual([]);
      },
    );

    test.each(['single', 'bulk'])(
      'a render with a key stays in the journal, so that its repetition finds a durable render (%s)',
      async (kind) => {
        const harness = await openUnconfirmed(true);
        const item = { prompt: 'x', idempotency_key: 'k' };
        const call = () => (kind === 'single' ? harness.post(item) : harness.bulk([item]));
        expect(await readProblem(await call())).toMatchObject({ code: 'queue_unavailable' });
        // The add had worked: the next call finds the job.
        const again = acceptedSchema.parse(await (await harness.post(item)).json());
        expect(again.duplicate).toBe(true);
        expect(await readJournal(harness.store)).toEqual([['x']]);
      },
    );

    test('only the items without a key of a batch are withdrawn', async () => {
      const harness = await openUnconfirmed(false);
      await harness.bulk([{ prompt: 'keyless' }, { prompt: 'keyed', idempotency_key: 'k' }]);
      expect(await readJournal(harness.store)).toEqual([['keyed']]);
    });
  });

  test.each(['single', 'bulk'])(
    'a render whose key another call used first is withdrawn before the answer (%s)',
    async (kind) => {
      const harness: Harness = await openHarness({
        wrap: (deps) => ({
          ...deps,
          engine: interceptAdds(deps.engine, async (add) => {
            const faster = createCheckpoint({ renderId: renderIdFor('default', 'k') });
            const { name, data, opts } = renderJob(faster);
            await harness.queues.render.add(name, data, opts);
            return await add();
          }),
        }),
      });
      const item = { prompt: 'overtaken', idempotency_key: 'k' };
      await (kind === 'single' ? harness.post(item) : harness.bulk([{ prompt: 'other' }, item]));
      expect(await readJournal(harness.store)).toEqual(kind === 'single' ? [] : [['other']]);
    },
  );

  test('a withdrawal that fails is repeated after the answer', async () => {
    const repeated = latch();
    let deletes = 0;
    const remove = async (real: () => Promise<void>) => {
      deletes += 1;
      if (deletes === 1) return await away();
      await repeated.wait();
      await real();
    };
    const harness = await openHarness({
      wrap: (deps) => ({
        ...deps,
        engine: interceptAdds(deps.engine, () => Promise.reject(new EngineError('unavailable', 'gone'))),
        store: interceptJournal(deps.store, 'delete', remove),
      }),
    });
    expect(await readProblem(await harness.post({ prompt: 'x' }))).toMatchObject({
      code: 'queue_unavailable',
    });
    expect(await readJournal(harness.store)).toEqual([['x']]);
    repeated.open();
    await until(async () => (await readJournal(harness.store)).length === 0);
  });

  test('an object whose put failed after it took effect is deleted, because its render was refused', async () => {
    const harness = await openHarness({
      wrap: (deps) => ({
        ...deps,
        store: interceptJournal(deps.store, 'put', async (put) => {
          await put();
          await away();
        }),
      }),
    });
    expect(await readProblem(await harness.post({ prompt: 'x' }))).toMatchObject({
      code: 'store_unavailable',
    });
    await until(async () => (await readJournal(harness.store)).length === 0);
    expect(await harness.jobCount()).toBe(0);
  });

  describe('while the store is away', () => {
    const openAway = (settings: { INTAKE_WITHOUT_STORE?: 'accept' | 'refuse' }) =>
      openHarness({
        settings,
        wrap: (deps) => ({ ...deps, store: interceptJournal(deps.store, 'put', away) }),
      });

    test('intake refuses renders with 503 and Retry-After, and adds none', async () => {
      const harness = await openAway({});
      for (const call of [harness.post({ prompt: 'x' }), harness.bulk([{ prompt: 'x' }])]) {
        const response = await call;
        expect(response.headers.get('retry-after')).toBe('2');
        expect(await readProblem(response)).toMatchObject({ code: 'store_unavailable' });
      }
      expect(await harness.jobCount()).toBe(0);
    });

    test('INTAKE_WITHOUT_STORE=accept accepts renders and says that only the queue has them', async () => {
      const harness = await openAway({ INTAKE_WITHOUT_STORE: 'accept' });
      const single = acceptedSchema.parse(await (await harness.post({ prompt: 'x' })).json());
      const bulk = bulkSchema.parse(await (await harness.bulk([{ prompt: 'x' }])).json());
      expect(single.durability).toBe('queue');
      expect(bulk.items).toMatchObject([{ render: { durability: 'queue' } }]);
      expect(await harness.jobCount()).toBe(2);
    });
  });

  test('INTAKE_JOURNAL=off writes no journal and says that only the queue has the render', async () => {
    const harness = await openHarness({ settings: { INTAKE_JOURNAL: 'off' } });
    const { durability } = acceptedSchema.parse(await (await harness.post({ prompt: 'x' })).json());
    expect([durability, await readJournal(harness.store)]).toEqual(['queue', []]);
  });
});
