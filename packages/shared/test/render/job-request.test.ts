import { expect, test } from 'vitest';
import { hideUrl, inputKey, packUrl, sha256 } from '../../src/render/index.ts';

test('packUrl() keeps a plain short URL in the job', () => {
  const url = new URL('https://example.com/a.png');
  expect(packUrl(url)).toEqual({ reference: { kind: 'url', url: url.href } });
});

test.for([
  'https://example.com/a.png?X-Amz-Signature=secret',
  'https://user:secret@example.com/a.png',
  `https://example.com/${'a'.repeat(100)}`,
])('packUrl() puts %s into the store, and the job contains its key', (text) => {
  const url = new URL(text);
  const key = inputKey(sha256(url.href));
  const packed = packUrl(url);
  expect(packed).toEqual({
    reference: { kind: 'stored-url', key, host: 'example.com' },
    input: { key, body: url.href, contentType: 'text/plain; charset=utf-8' },
  });
  expect(JSON.stringify(packed.reference)).not.toContain('secret');
});

test('hideUrl() puts a plain short URL into the store too', () => {
  expect(hideUrl(new URL('https://example.com/token')).reference).toMatchObject({
    kind: 'stored-url',
    host: 'example.com',
  });
});
