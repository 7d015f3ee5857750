import { Readable } from 'node:stream';
import { requires, service, startHttpProxy } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { isStoreAway } from '../../../src/object-store/index.ts';
import { decodeText, openS3, plainText, storeErrorFrom } from '../../support/stores.ts';

const html = { 'content-type': 'text/html' };
const xml = { 'content-type': 'application/xml' };
const page = '<!doctype html><html><body><h1>Not here</h1><hr></body></html>';
/** Well-formed XML: the SDK parses it without an error. */
const tidyPage = '<html><body><h1>Not here</h1></body></html>';
const errorDocument = (code: string, key?: string) =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>a test</Message>${key ? `<Key>${key}</Key>` : ''}</Error>`;

const notFromS3 = {
  '404 with a page': { status: 404, headers: html, body: page },
  '404 with a page that is also XML': { status: 404, headers: html, body: tidyPage },
  '404 without a body': { status: 404 },
  '404 with text': { status: 404, body: 'default backend - 404' },
  '404 with JSON': { status: 404, body: '{"code":"NoSuchKey"}' },
  '404 about another key': { status: 404, headers: xml, body: errorDocument('NoSuchKey', 'index.html') },
  '404 NoSuchBucket': { status: 404, headers: xml, body: errorDocument('NoSuchBucket') },
  '400 with a page': { status: 400, headers: html, body: page },
  '400 BadRequest': { status: 400, headers: xml, body: errorDocument('BadRequest') },
  '400 without a body': { status: 400 },
  '301 without a location': { status: 301 },
  '302 to a login page': { status: 302, headers: { ...html, location: '/login' }, body: tidyPage },
  '403 with a page': { status: 403, headers: html, body: page },
  '405 without a body': { status: 405 },
  '409 with a page': { status: 409, headers: html, body: page },
  '412 with a page': { status: 412, headers: html, body: tidyPage },
  '412 without a body': { status: 412 },
  '200 with a page': { status: 200, headers: html, body: page },
  '200 with a page that is also XML': { status: 200, headers: html, body: tidyPage },
  '200 without a body': { status: 200 },
  '200 with a static page': { status: 200, headers: { ...html, etag: '"5f-1"' }, body: tidyPage },
} as const;

requires('s3').describe('a front end that answers in place of S3', () => {
  test.for(Object.entries(notFromS3))(
    'after %s every method reports that the store is away',
    async ([name, answer]) => {
      const proxy = await startHttpProxy(service('s3').endpoint);
      const store = await openS3({ endpoint: proxy.url });
      await store.put('exists', 'x', plainText);
      const hasETag = name === '200 with a static page';
      const armed = proxy.fail({}, answer);
      const calls = {
        put: () => store.put('new', 'x', plainText),
        'put of a stream': () =>
          store.put('new', { stream: () => Readable.from([Buffer.from('x')]), size: 1 }, plainText),
        'put-if-absent': () => store.putIfAbsent('new', 'x', plainText),
        'get of an object': () => store.get('exists'),
        'get of no object': () => store.get('missing'),
        'get as a stream': () => store.getStream('missing'),
        'head of an object': () => store.head('exists'),
        'head of no object': () => store.head('missing'),
        list: () => store.list({ prefix: '' }),
        delete: () => store.delete('exists'),
      };
      for (const [method, call] of Object.entries(calls)) {
        // No server of pages answers a PUT with an ETag.
        if (hasETag && method.startsWith('put')) continue;
        expect(isStoreAway(await storeErrorFrom(call())), method).toBe(true);
      }
      armed.remove();
      expect(decodeText(await store.get('exists'))).toBe('x');
      expect(await store.head('missing')).toBeUndefined();
      expect((await store.list({ prefix: '' })).objects.map(({ key }) => key)).toEqual(['exists']);
    },
  );

  test('a HEAD that gets 404 finds the object that a GET confirms', async () => {
    const proxy = await startHttpProxy(service('s3').endpoint);
    const store = await openS3({ endpoint: proxy.url });
    await store.put('full', 'four', plainText);
    await store.put('empty', '', plainText);
    for (const [key, size] of [
      ['full', 4],
      ['empty', 0],
    ] as const) {
      proxy.fail({ method: 'HEAD', times: 1 }, { status: 404 });
      expect((await store.head(key))?.size).toBe(size);
    }
    proxy.fail({ method: 'HEAD' }, { status: 404 });
    expect((await storeErrorFrom(store.head('full'))).code).toBe('unavailable');
    expect(await store.head('missing')).toBeUndefined();
  });

  test('put-if-absent gets false only from S3 itself, and never loses its own object', async () => {
    const proxy = await startHttpProxy(service('s3').endpoint);
    const store = await openS3({ endpoint: proxy.url });
    for (const [times, answer] of [notFromS3['412 with a page'], notFromS3['409 with a page']].entries()) {
      const key = `k${times}`;
      const armed = proxy.fail({ method: 'PUT' }, answer);
      expect((await storeErrorFrom(store.putIfAbsent(key, 'x', plainText))).code).toBe('unavailable');
      armed.remove();
      expect(await store.putIfAbsent(key, 'x', plainText)).toBe(true);
      expect(await store.putIfAbsent(key, 'y', plainText)).toBe(false);
    }
  });
});
