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
    ['nothing from plain text', 'https://example.com/a/b.png is fine', 'https://example.com/a/b.png is fine'],
  ])('the scrubber removes %s', ([, text, clean]) => {
    expect(scrub(text ?? '')).toBe(clean);
  });
});
