import { expect, test } from 'vitest';
import { assertPutIfAbsent, type ObjectStore, StoreError } from '../../src/object-store/index.ts';
import { decodeText, onEachStore, openFolder, plainText, storeErrorFrom } from '../support/stores.ts';

onEachStore('put-if-absent', (open) => {
  test('of 16 callers exactly one gets true, in every round, and its object is stored', async () => {
    const store = await open();
    for (let round = 0; round < 10; round += 1) {
      const key = `race/${round}/intent.json`;
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, caller) =>
          store.putIfAbsent(key, `caller ${caller}`, { ...plainText, metadata: { caller: String(caller) } }),
        ),
      );
      expect(answers.filter(Boolean)).toHaveLength(1);
      const winner = answers.indexOf(true);
      expect(decodeText(await store.get(key))).toBe(`caller ${winner}`);
      expect((await store.head(key))?.metadata).toEqual({ caller: String(winner) });
    }
  });

  test('putIfAbsent() keeps an existing object, and succeeds again after a delete', async () => {
    const store = await open();
    await store.put('k', 'first', plainText);
    expect(await store.putIfAbsent('k', 'second', plainText)).toBe(false);
    expect(decodeText(await store.get('k'))).toBe('first');
    await store.delete('k');
    expect(await store.putIfAbsent('k', 'third', { contentType: 'text/html' })).toBe(true);
    expect(await store.head('k')).toMatchObject({ size: 5, contentType: 'text/html' });
  });

  test('assertPutIfAbsent() resolves, and leaves no object', async () => {
    const store = await open();
    await assertPutIfAbsent(store);
    expect((await store.list({ prefix: '' })).objects).toEqual([]);
  });
});

test('assertPutIfAbsent() refuses a store in which every writer succeeds, and explains why', async () => {
  const store = await openFolder();
  const careless: ObjectStore = {
    ...store,
    putIfAbsent: async (key, body, options) => {
      await store.put(key, body, options);
      return true;
    },
  };
  const { code, message } = await storeErrorFrom(assertPutIfAbsent(careless));
  expect(code).toBe('internal');
  expect(message).toContain('9 of 9 writers');
  expect(message).toContain('AWS S3');
});

test('assertPutIfAbsent() refuses a store without put-if-absent, and passes on that a store is unavailable', async () => {
  const store = await openFolder();
  const failing = (code: 'internal' | 'unavailable'): ObjectStore => ({
    ...store,
    putIfAbsent: async () => {
      throw new StoreError(code, 'NotImplemented 501');
    },
  });
  expect((await storeErrorFrom(assertPutIfAbsent(failing('internal')))).message).toContain(
    'could be bought twice',
  );
  expect((await storeErrorFrom(assertPutIfAbsent(failing('unavailable')))).code).toBe('unavailable');
});
