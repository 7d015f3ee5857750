import { expect, test } from 'vitest';
import { ensureObject } from '../../src/object-store/index.ts';
import { decodeText, onEachStore, plainText } from '../support/stores.ts';

const DAY_MS = 86_400_000;

onEachStore('an object whose key is a digest', (open) => {
  test('it is written once, and again when it is a day old, so that its age counts from its last use', async () => {
    const store = await open();
    const ensure = (body: string, now: number) =>
      ensureObject(store, { key: 'inputs/a', body }, { ...plainText, now });
    // The texts differ only to show which call wrote.
    await ensure('first', Date.now());
    await ensure('second', Date.now());
    expect(decodeText(await store.get('inputs/a'))).toBe('first');
    await ensure('a day later', Date.now() + DAY_MS + 2_000);
    expect(decodeText(await store.get('inputs/a'))).toBe('a day later');
  });
});
