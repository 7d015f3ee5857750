import { beforeAll, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/object-store/index.ts';
import { onEachStore, plainText } from '../support/stores.ts';

onEachStore('a list', (open) => {
  const COUNT = 2_100;
  let store: ObjectStore;
  const keys = [
    ...Array.from({ length: COUNT }, (_, n) => `many/${n % 50}/${n}.json`),
    'order/a',
    'order/a-1',
    'order/a.b',
    'order/A',
    'order/a=',
    'order/b/c',
    'order/b-c',
    'order/b0',
  ];

  beforeAll(async () => {
    store = await open();
    const todo = [...keys];
    const writer = async () => {
      for (let key = todo.pop(); key; key = todo.pop()) await store.put(key, key, plainText);
    };
    await Promise.all(Array.from({ length: 32 }, writer));
  });

  const all = async (prefix: string, limit?: number) => {
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ prefix, ...(limit && { limit }), ...(cursor && { cursor }) });
      pages.push(page.objects.map(({ key }) => key));
      cursor = page.cursor;
    } while (cursor);
    return pages;
  };

  test('list() returns every key once, in order, in pages of a thousand', async () => {
    const pages = await all('');
    expect(pages.map((page) => page.length)).toEqual([1000, 1000, keys.length - 2000]);
    expect(pages.flat()).toEqual([...keys].sort());
  });

  test('list() returns the keys with a prefix, which need not end at a slash', async () => {
    for (const prefix of ['many/7/', 'many/7', 'many/49/2', 'order/a', 'order/b', 'none', 'order/a/']) {
      const expected = keys.filter((key) => key.startsWith(prefix)).sort();
      expect((await all(prefix)).flat()).toEqual(expected);
    }
  });

  test('listFolders() returns the folders directly below a prefix in order, and no keys', async () => {
    const numbers = Array.from({ length: 50 }, (_, n) => String(n)).sort();
    expect(await store.listFolders({ prefix: 'many/' })).toEqual(numbers);
    expect(await store.listFolders({ prefix: 'order/' })).toEqual(['b']);
    expect(await store.listFolders({ prefix: 'order/b/' })).toEqual([]);
    expect(await store.listFolders({ prefix: 'none/' })).toEqual([]);
    await expect(store.listFolders({ prefix: 'order/b' })).rejects.toMatchObject({ code: 'invalid_key' });
  });

  test('pages of any size have no gap and no overlap, and the last page has no cursor', async () => {
    const expected = keys.filter((key) => key.startsWith('many/7/')).sort();
    for (const limit of [1, 7, expected.length, expected.length + 1]) {
      const pages = await all('many/7/', limit);
      expect(pages.flat()).toEqual(expected);
      expect(pages).toHaveLength(Math.ceil(expected.length / limit));
    }
  });

  test('a cursor stays valid when its key is deleted or later keys are written', async () => {
    for (const key of ['c/1', 'c/2', 'c/4']) await store.put(key, 'x', plainText);
    const first = await store.list({ prefix: 'c/', limit: 2 });
    await store.delete('c/2');
    await store.put('c/3', 'x', plainText);
    const rest = await store.list({ prefix: 'c/', ...(first.cursor && { cursor: first.cursor }) });
    expect(rest.objects.map(({ key }) => key)).toEqual(['c/3', 'c/4']);
    for (const key of ['c/1', 'c/3', 'c/4']) await store.delete(key);
  });

  test('list() returns size and time of each object', async () => {
    const [object] = (await store.list({ prefix: 'order/a-1' })).objects;
    expect(object).toMatchObject({ key: 'order/a-1', size: 9 });
    expect(Math.abs((object?.modifiedAt ?? 0) - Date.now())).toBeLessThan(600_000);
  });
});
