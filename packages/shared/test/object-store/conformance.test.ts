import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { decodeText, onEachStore, plainText, storeErrorFrom } from '../support/stores.ts';

onEachStore('an object store', (open) => {
  test('get() and head() return the bytes, text, empty objects and metadata that put() wrote', async () => {
    const store = await open();
    const bytes = new Uint8Array([0, 255, 13, 10, 0]);
    const metadata = { sha256: 'ab12', note: 'two words' };
    await store.put('a/bytes.bin', bytes, { contentType: 'image/png', metadata });
    await store.put('a/text.json', 'Zürich 日本', { contentType: 'application/json' });
    await store.put('a/empty', '', plainText);

    expect(await store.get('a/bytes.bin')).toEqual(bytes);
    expect(decodeText(await store.get('a/text.json'))).toBe('Zürich 日本');
    expect(await store.get('a/empty')).toEqual(new Uint8Array());
    const info = await store.head('a/bytes.bin');
    expect(info).toMatchObject({ key: 'a/bytes.bin', size: 5, contentType: 'image/png', metadata });
    expect(Math.abs((info?.modifiedAt ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(await store.head('a/text.json')).toMatchObject({
      size: 14,
      contentType: 'application/json',
      metadata: {},
    });
    expect((await store.head('a/empty'))?.size).toBe(0);
  });

  test('metadata keeps any alphabet, blanks and percent signs', async () => {
    const store = await open();
    const metadata = { prompt: 'Kühe in Zürich, 東京 🐄', odd: ' 100% \n%41 ', camelcase: 'x', empty: '' };
    const { camelcase, ...rest } = metadata;
    await store.put('m', 'x', { ...plainText, metadata: { ...rest, camelCase: camelcase } });
    const received = (await store.head('m'))?.metadata;
    // Some servers drop a header without a value, so an absent value is accepted as an empty one.
    expect({ empty: '', ...received }).toEqual(metadata);
  });

  test('put() and getStream() stream 30 MB unchanged', async () => {
    const store = await open();
    const chunk = randomBytes(1 << 20);
    const chunks = Array.from({ length: 30 }, (_, n) => Buffer.concat([Buffer.from([n]), chunk.subarray(1)]));
    const size = 30 << 20;
    await store.put(
      'big',
      { stream: () => Readable.from(chunks), size },
      { contentType: 'image/png', metadata: { n: '30' } },
    );
    const back = await store.getStream('big');
    expect(back?.info).toMatchObject({ key: 'big', size, contentType: 'image/png', metadata: { n: '30' } });
    const hash = createHash('sha256');
    for await (const part of back?.stream ?? []) hash.update(part as Buffer);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.concat(chunks)).digest('hex'));
  });

  test('put() replaces an object with its content type and metadata', async () => {
    const store = await open();
    await store.put('k', 'a long first version', {
      contentType: 'text/plain',
      metadata: { v: '1', only: 'first' },
    });
    await store.put('k', 'second', { contentType: 'text/html', metadata: { v: '2' } });
    expect(decodeText(await store.get('k'))).toBe('second');
    expect(await store.head('k')).toMatchObject({ size: 6, contentType: 'text/html', metadata: { v: '2' } });
    expect((await store.head('k'))?.metadata).not.toHaveProperty('only');
  });

  test('reads return undefined for a missing object, also below and above a key', async () => {
    const store = await open();
    await store.put('a/b', 'x', plainText);
    for (const key of ['nothing', 'a', 'a/b/c', 'z/y/x']) {
      expect(await store.get(key)).toBeUndefined();
      expect(await store.head(key)).toBeUndefined();
      expect(await store.getStream(key)).toBeUndefined();
    }
  });

  test('delete() removes an object, and deleting it again is no error', async () => {
    const store = await open();
    await store.put('d/e/f', 'x', plainText);
    await store.delete('d/e/f');
    await store.delete('d/e/f');
    await store.delete('d/e');
    expect(await store.get('d/e/f')).toBeUndefined();
    expect((await store.list({ prefix: '' })).objects).toEqual([]);
    await store.put('d/e', 'now an object', plainText);
    expect(decodeText(await store.get('d/e'))).toBe('now an object');
  });

  test('every method refuses keys that are invalid or lead out of the store', async () => {
    const store = await open();
    const bad = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      'a/../b',
      'a..b',
      '.',
      'a/./b',
      'ä',
      'a b',
      'a\\b',
      'a\0',
      'x'.repeat(900),
    ];
    for (const key of bad) {
      for (const call of [
        () => store.put(key, 'x', plainText),
        () => store.putIfAbsent(key, 'x', plainText),
        () => store.get(key),
        () => store.getStream(key),
        () => store.head(key),
        () => store.delete(key),
        () => store.signedUrl(key, 1000),
      ])
        expect((await storeErrorFrom(call())).code).toBe('invalid_key');
    }
    expect((await storeErrorFrom(store.list({ prefix: '../' }))).code).toBe('invalid_key');
    expect((await storeErrorFrom(store.list({ prefix: '', cursor: '../x' }))).code).toBe('invalid_key');
    const full = await storeErrorFrom(
      store.put('k', 'x', { ...plainText, metadata: { much: 'x'.repeat(3000) } }),
    );
    expect(full.code).toBe('internal');
  });

  test('every method rejects with the reason of an aborted signal, and writes nothing', async () => {
    const store = await open();
    const reason = new Error('the deadline passed');
    const signal = AbortSignal.abort(reason);
    const options = { ...plainText, signal };
    await expect(store.put('k', 'x', options)).rejects.toBe(reason);
    await expect(store.putIfAbsent('k', 'x', options)).rejects.toBe(reason);
    await expect(store.get('k', { signal })).rejects.toBe(reason);
    await expect(store.getStream('k', { signal })).rejects.toBe(reason);
    await expect(store.head('k', { signal })).rejects.toBe(reason);
    await expect(store.list({ prefix: '', signal })).rejects.toBe(reason);
    await expect(store.delete('k', { signal })).rejects.toBe(reason);
    expect((await store.list({ prefix: '' })).objects).toEqual([]);
  });

  test('an upload that is aborted midway leaves nothing, and closes its source', async () => {
    const store = await open();
    const abort = new AbortController();
    const reason = new Error('shut down');
    const source = createHalfStream(1 << 20, () => abort.abort(reason));
    const put = store.put(
      'k',
      { stream: () => source, size: 1 << 20 },
      { ...plainText, signal: abort.signal },
    );
    await expect(put).rejects.toBe(reason);
    expect(source.destroyed).toBe(true);
    expect(await store.get('k')).toBeUndefined();
  });

  test('an upload whose source fails rejects with the error of the source, and keeps the old object', async () => {
    const store = await open();
    await store.put('k', 'old', plainText);
    const broken = new Error('the download broke');
    const source = createHalfStream(1 << 20, () => source.destroy(broken));
    await expect(store.put('k', { stream: () => source, size: 1 << 20 }, plainText)).rejects.toBe(broken);
    expect(decodeText(await store.get('k'))).toBe('old');
  });

  test('an upload that is shorter or longer than promised is refused', async () => {
    const store = await open();
    for (const size of [3, 5]) {
      const body = { stream: () => Readable.from([Buffer.from('four')]), size };
      expect((await storeErrorFrom(store.put('k', body, plainText))).message).toContain(
        `${size} bytes was promised`,
      );
      expect(await store.get('k')).toBeUndefined();
    }
  });

  test('a download can be aborted midway', async () => {
    const store = await open();
    await store.put('k', randomBytes(4 << 20), plainText);
    const abort = new AbortController();
    const reason = new Error('enough');
    const back = await store.getStream('k', { signal: abort.signal });
    const reading = (async () => {
      for await (const _ of back?.stream ?? []) abort.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });

  test('a download that is never read can be destroyed', async () => {
    const store = await open();
    await store.put('k', randomBytes(4 << 20), plainText);
    const back = await store.getStream('k');
    back?.stream.destroy();
    expect((await store.head('k'))?.size).toBe(4 << 20);
  });

  test('close() may be called twice', async () => {
    const store = await open();
    await store.close();
    await store.close();
  });
});

/** A stream that sends half of the bytes, calls `then`, and sends no more. */
function createHalfStream(size: number, then: () => void): Readable {
  let sent = false;
  return new Readable({
    read() {
      if (sent) setImmediate(then);
      else this.push(Buffer.alloc(size / 2));
      sent = true;
    },
  });
}
