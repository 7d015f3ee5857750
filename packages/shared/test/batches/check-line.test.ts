import { describe, expect, test } from 'vitest';
import { checkLine, type LineContext } from '../../src/batches/index.ts';

const IMAGES: LineContext = {
  endpoint: '/v1/images/generations',
  checkWebhook: () => undefined,
};
const RENDERS: LineContext = {
  endpoint: '/v1/renders',
  checkWebhook: () => ({ field: 'webhook_url', expected: 'no webhook', received: 'a URL' }),
};

const toLine = (body: unknown, more: object = {}, url = '/v1/images/generations') =>
  JSON.stringify({ custom_id: 'sku-1', method: 'POST', url, body, ...more });

const check = (text: string | Buffer, context = IMAGES) =>
  checkLine(typeof text === 'string' ? Buffer.from(text) : text, 7, context);

function problemsOf(text: string | Buffer, context = IMAGES) {
  const checked = check(text, context);
  if (!('problems' in checked)) throw new Error('the line has no problem');
  for (const { line } of checked.problems) expect(line).toBe(7);
  return checked.problems.map(({ code, param }) => [code, param]);
}

describe('checkLine()', () => {
  test('reads the fields of OpenAI that have a meaning here', () => {
    const body = {
      prompt: 'a mug',
      n: 1,
      size: '1536x1024',
      quality: null,
      user: 'u-1',
      response_format: 'url',
    };
    expect(check(toLine(body))).toEqual({
      line: {
        custom_id: 'sku-1',
        line: 7,
        request: {
          model: 'gemini-3-pro-image-preview',
          prompt: 'a mug',
          size: '3:2',
          resolution: '1K',
          image_urls: undefined,
          metadata: { user: 'u-1' },
        },
      },
    });
    expect(check(toLine({ prompt: 'a', size: '2048x2048' }))).toMatchObject({
      line: { request: { size: '1:1', resolution: '2K' } },
    });
    expect(check(toLine({ prompt: 'a', size: 'auto', resolution: '4K' }))).toMatchObject({
      line: { request: { size: undefined, resolution: '4K' } },
    });
  });

  test('rejects a wish that would be ignored, and names its field', () => {
    for (const [field, value] of Object.entries({
      n: 2,
      quality: 'hd',
      style: 'vivid',
      background: 'transparent',
      response_format: 'b64_json',
      size: '1792x1024',
      run: 'night',
    }))
      expect(problemsOf(toLine({ prompt: 'a', [field]: value }))).toEqual([
        ['invalid_request', `body.${field}`],
      ]);
    expect(problemsOf(toLine({ prompt: 'a', size: '2048x2048', resolution: '1K' }))).toEqual([
      ['invalid_request', 'body.resolution'],
    ]);
  });

  test('reads a request for a render, without what the batch decides', () => {
    const render = {
      prompt: 'a',
      size: '16:9',
      image_urls: ['https://a.example/1.png'],
      metadata: { sku: 1 },
    };
    const url = '/v1/renders';
    expect(check(toLine(render, {}, url), RENDERS)).toMatchObject({
      line: { request: { ...render, resolution: '1K' } },
    });
    const wrong = { prompt: 'a', priority: 'interactive', idempotency_key: 'k' };
    expect(problemsOf(toLine(wrong, {}, url), RENDERS)).toEqual([
      ['invalid_request', 'body.priority'],
      ['invalid_request', 'body.idempotency_key'],
    ]);
    const hooked = { prompt: 'a', webhook_url: 'https://a.example' };
    expect(problemsOf(toLine(hooked, {}, url), RENDERS)).toEqual([['invalid_request', 'body.webhook_url']]);
    const inline = { prompt: 'a', image_urls: ['data:image/png;base64,AAAA'] };
    expect(problemsOf(toLine(inline, {}, url), RENDERS)).toEqual([['invalid_request', 'body.image_urls[0]']]);
  });

  test('names what is wrong around the body', () => {
    expect(problemsOf('{"custom_id": }')).toEqual([['invalid_json_line', null]]);
    expect(problemsOf(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual([['invalid_utf8', null]]);
    expect(problemsOf('{"__proto__": {}}')).toEqual([['invalid_request', null]]);
    expect(problemsOf('[]')).toEqual([['invalid_request', 'line']]);
    expect(problemsOf(toLine({ prompt: 'a' }, { method: 'GET', custom_id: '' }))).toEqual([
      ['invalid_request', 'custom_id'],
      ['invalid_request', 'method'],
    ]);
    expect(problemsOf(toLine({ prompt: 'a' }, { url: '/v1/chat/completions' }))).toEqual([
      ['invalid_url', 'url'],
    ]);
    expect(problemsOf(toLine({ prompt: 'a' }, {}, '/v1/renders'))).toEqual([['mismatched_endpoint', 'url']]);
    expect(problemsOf(toLine({ prompt: 'a' }, { body: undefined }))).toEqual([['invalid_request', 'body']]);
    expect(problemsOf(toLine({ prompt: 'a' }, { custom: 1 }))).toEqual([['invalid_request', 'custom']]);
    expect(problemsOf(toLine({ prompt: ' ' }))).toEqual([['invalid_request', 'body.prompt']]);
  });

  test('rejects a request that is larger than a job may be', () => {
    const urls = Array.from(
      { length: 14 },
      (_, index) => `https://${'a'.repeat(40)}.example/?image=${index}`,
    );
    // Each of these characters takes four bytes.
    const body = { prompt: '🦊'.repeat(1000), image_urls: urls, metadata: { note: 'n'.repeat(900) } };
    expect(problemsOf(toLine(body))).toEqual([['invalid_request', 'body.metadata']]);
  });
});
