import { describe, expect, test } from 'vitest';
import { createScrub } from '../../src/runtime/index.ts';

describe('createScrub()', () => {
  const scrub = createScrub();
  test.for([
    ['data URIs', 'got data:image/png;base64,iVBORw0KGgo= here', 'got data:[redacted] here'],
    [
      'signatures',
      'GET https://b.s3/x.jpg?X-Amz-Signature=abc done',
      'GET https://b.s3/x.jpg?[redacted] done',
    ],
    ['signatures inside JSON', '{"url":"https://h/x?sig=1","a":2}', '{"url":"https://h/x?[redacted]","a":2}'],
    ['bearer tokens', 'authorization: Bearer sk-123.456', 'authorization: Bearer [redacted]'],
    ['credentials in URLs', 'redis://user:pw@host:6379/0', 'redis://[redacted]@host:6379/0'],
    [
      'data URIs with parameters, in upper case, with line breaks',
      String.raw`{"a":"DATA:image/PNG;charset=utf-8;name=x.png;BASE64,iVBO\nRw0=","b":1}`,
      '{"a":"data:[redacted]","b":1}',
    ],
    [
      'signatures of links without a host',
      'GET /v1/renders/rnd_1/image?tenant=shop&expires=17&signature=abc_-1 200',
      'GET /v1/renders/rnd_1/image?tenant=shop&expires=17&signature=[redacted] 200',
    ],
    ['signatures after a semicolon', 'sv=1;sig=abc%3D; next', 'sv=1;sig=[redacted]; next'],
    ['signatures behind HTTPS in upper case', 'HTTPS://H/x?sig=1 done', 'HTTPS://H/x?[redacted] done'],
    ['basic credentials', 'Authorization: basic c2hvcDpzM2NyZXQ=', 'Authorization: Basic [redacted]'],
    ['nothing from the word basic', 'basic settings are fine', 'basic settings are fine'],
    ['nothing from plain text', 'https://example.com/a/b.png is fine', 'https://example.com/a/b.png is fine'],
  ])('the scrubber removes %s', ([, text, clean]) => {
    expect(scrub(text ?? '')).toBe(clean);
  });
});
