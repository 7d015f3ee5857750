import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { requires, service, startHttpProxy, uniquePrefix } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { assertPutIfAbsent } from '../../../src/object-store/index.ts';
import { systemClock } from '../../../src/runtime/index.ts';
import { decodeText, openS3, plainText, storeErrorFrom } from '../../support/stores.ts';

requires('s3').describe('signedUrl()', () => {
  test('a signed URL opens its object and no other object', async () => {
    const store = await openS3();
    await store.put('images/a.png', 'pixels', { contentType: 'image/png' });
    await store.put('images/b.png', 'pixels', { contentType: 'image/png' });
    const url = (await store.signedUrl('images/a.png', 60_000)) ?? '';
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'image/png',
      'pixels',
    ]);
    expect((await fetch(url.replace('a.png', 'b.png'))).status).toBe(403);
  });

  test('a signed URL expires', async () => {
    const anHourAgo = { ...systemClock, now: () => Date.now() - 3600_000 };
    const store = await openS3({ clock: anHourAgo });
    await store.put('k', 'x', plainText);
    expect((await fetch((await store.signedUrl('k', 3590_000)) ?? '')).status).toBe(403);
    expect((await fetch((await store.signedUrl('k', 3900_000)) ?? '')).status).toBe(200);
  });
});

requires('s3').describe('a failing S3', () => {
  const behindProxy = async (options: { idleTimeoutMs?: number } = {}) => {
    const proxy = await startHttpProxy(service('s3').endpoint);
    return { proxy, store: await openS3({ endpoint: proxy.url, ...options }) };
  };

  test('every method reports unavailable when S3 refuses, resets, hangs, throttles or fails', async () => {
    const { proxy, store } = await behindProxy({ idleTimeoutMs: 250 });
    const faults = [
      { status: 503, body: '<Error><Code>SlowDown</Code><Message>Reduce your rate</Message></Error>' },
      { status: 500, body: '<Error><Code>InternalError</Code></Error>' },
      { status: 502, body: '<html><body>Bad Gateway</body></html>' },
      { status: 504, body: '' },
      { status: 429, body: 'slow down' },
      'reset',
      'hang',
    ] as const;
    for (const fault of faults) {
      const armed = proxy.fail({}, fault);
      const codes = await Promise.all(
        [
          store.put('k', 'x', plainText),
          store.put('k', { stream: () => Readable.from([Buffer.from('x')]), size: 1 }, plainText),
          store.putIfAbsent('k', 'x', plainText),
          store.get('k'),
          store.getStream('k'),
          store.head('k'),
          store.list({ prefix: '' }),
          store.delete('k'),
        ].map(async (call) => (await storeErrorFrom(call)).code),
      );
      expect([fault, ...new Set(codes)]).toEqual([fault, 'unavailable']);
      armed.remove();
    }
    await proxy.refuse();
    expect((await storeErrorFrom(store.get('k'))).code).toBe('unavailable');
    expect((await storeErrorFrom(assertPutIfAbsent(store))).code).toBe('unavailable');
    await proxy.resume();
    // With the default time limit: a real answer may take longer than the short limit of this test.
    expect(await (await openS3({ endpoint: proxy.url, url: store.url })).get('k')).toBeUndefined();
  });

  test('one failed answer is retried when a repeated request does no harm', async () => {
    const { proxy, store } = await behindProxy();
    proxy.fail({ times: 1 }, { status: 503 });
    await store.put('k', 'x', plainText);
    expect(decodeText(await store.get('k'))).toBe('x');
    expect(proxy.requests.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
  });

  test('put-if-absent is sent once, and a lost answer means unavailable and not that the object exists', async () => {
    const { proxy, store } = await behindProxy();
    const lost = proxy.fail({ method: 'PUT' }, 'lose-answer');
    expect((await storeErrorFrom(store.putIfAbsent('k', 'mine', plainText))).code).toBe('unavailable');
    expect(lost.hits).toBe(1);
    lost.remove();
    expect(decodeText(await store.get('k'))).toBe('mine');
    expect(await store.putIfAbsent('k', 'other', plainText)).toBe(false);
  });

  test('put-if-absent is sent again after an undecided conflict', async () => {
    const { proxy, store } = await behindProxy();
    const body = '<Error><Code>ConditionalRequestConflict</Code></Error>';
    proxy.fail({ method: 'PUT', times: 2 }, { status: 409, body });
    expect(await store.putIfAbsent('k', 'x', plainText)).toBe(true);
  });

  test('an upload that is cut midway leaves nothing', async () => {
    const { proxy, store } = await behindProxy();
    const size = 8 << 20;
    let sent = 0;
    const source = new Readable({
      read() {
        sent += 1 << 20;
        if (sent === size / 2) proxy.cut();
        this.push(sent > size ? null : Buffer.alloc(1 << 20));
      },
    });
    expect((await storeErrorFrom(store.put('k', { stream: () => source, size }, plainText))).code).toBe(
      'unavailable',
    );
    expect(await store.get('k')).toBeUndefined();
    expect((await store.list({ prefix: '' })).objects).toEqual([]);
  });

  test('a download that is cut fails, in memory and as a stream', async () => {
    const { proxy, store } = await behindProxy();
    await store.put('k', randomBytes(1 << 20), plainText);
    proxy.fail({ method: 'GET' }, { truncate: 70_000 });
    expect((await storeErrorFrom(store.get('k'))).code).toBe('unavailable');
    const back = await store.getStream('k');
    expect((await storeErrorFrom(back?.stream.toArray() ?? Promise.resolve())).code).toBe('unavailable');
  });

  test('a wrong secret or unknown key means denied, and the error contains no secret', async () => {
    const { accessKeyId, secretAccessKey } = service('s3');
    for (const wrong of [
      { secretAccessKey: 'wrong' },
      { accessKeyId: 'unknown', secretAccessKey: 'wrong' },
    ]) {
      const store = await openS3(wrong);
      const calls = [
        () => store.get('k'),
        () => store.head('k'),
        () => store.putIfAbsent('k', 'x', plainText),
        () => store.list({ prefix: '' }),
      ];
      for (const call of calls) {
        const error = await storeErrorFrom(call());
        expect(error.code).toBe('denied');
        const all = JSON.stringify([error, error.cause, error.stack, { ...(error.cause as object) }]);
        for (const secret of [accessKeyId, secretAccessKey, 'Signature=']) expect(all).not.toContain(secret);
      }
    }
  });

  test('a missing bucket is an error, and not an empty bucket', async () => {
    const store = await openS3({ url: `s3://no-such-bucket-${uniquePrefix()}/p` });
    const error = await storeErrorFrom(store.get('k'));
    expect(error.code).toBe('misconfigured');
    expect(error.message).toContain('NoSuchBucket');
    expect((await storeErrorFrom(store.list({ prefix: '' }))).code).toBe('misconfigured');
    expect((await storeErrorFrom(store.head('k'))).code).toBe('misconfigured');
    expect((await storeErrorFrom(assertPutIfAbsent(store))).code).toBe('misconfigured');
  });
});
