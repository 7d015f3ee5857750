import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { DarkroomError, verifyWebhook, type WebhookHeaders } from '../src/webhooks/index.ts';

const SECRET = `whsec_${randomBytes(24).toString('base64')}`;
const OTHER = `whsec_${randomBytes(24).toString('base64')}`;
const BODY = JSON.stringify({
  type: 'render.completed',
  timestamp: '2026-11-22T16:01:12.110Z',
  data: { id: 'rnd_1', status: 'completed', request: { prompt: 'Füße 🦶' } },
});

/** Signs with the library of Standard Webhooks. */
function sign(body = BODY, secret = SECRET, at = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = new Webhook(secret).sign('msg_1', new Date(at), body);
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

const catchRejection = async (...args: Parameters<typeof verifyWebhook>): Promise<DarkroomError> =>
  await verifyWebhook(...args).then(
    () => expect.fail('expected a rejection'),
    (error: unknown) => error as DarkroomError,
  );

describe('a webhook', () => {
  test('verifyWebhook accepts a webhook of the library, as text and as bytes', async () => {
    const event = await verifyWebhook(BODY, sign(), SECRET);
    expect(event.type === 'render.completed' && event.data.status).toBe('completed');
    const bytes = new TextEncoder().encode(BODY);
    expect(await verifyWebhook(bytes, sign(), SECRET)).toEqual(event);
    expect(await verifyWebhook(bytes.buffer, sign(), SECRET)).toEqual(event);
    expect(await verifyWebhook(Buffer.from(BODY), sign(), SECRET)).toEqual(event);
  });

  test('the library accepts a webhook that is signed as verifyWebhook expects', () => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const key = Buffer.from(SECRET.slice(6), 'base64');
    const signature = createHmac('sha256', key).update(`msg_1.${timestamp}.${BODY}`).digest('base64');
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
    expect(new Webhook(SECRET).verify(BODY, headers)).toMatchObject({ type: 'render.completed' });
    return expect(verifyWebhook(BODY, headers, SECRET)).resolves.toMatchObject({ type: 'render.completed' });
  });

  test.each<[string, (headers: Record<string, string>) => WebhookHeaders]>([
    ['a Headers object', (headers) => new Headers(headers)],
    ["Node's headers", (headers) => headers],
    [
      'headers as lists',
      (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ],
    [
      'headers in another case',
      (headers) =>
        Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.replace('webhook', 'Webhook'), value]),
        ),
    ],
  ])('verifyWebhook accepts %s', async (_, form) => {
    await expect(verifyWebhook(BODY, form(sign()), SECRET)).resolves.toMatchObject({
      type: 'render.completed',
    });
  });

  test('verifyWebhook accepts any of several secrets and any of several signatures', async () => {
    await expect(verifyWebhook(BODY, sign(BODY, OTHER), [SECRET, OTHER])).resolves.toBeDefined();
    const both = { ...sign() };
    both['webhook-signature'] =
      `v1a,xyz v1,AAAA ${sign(BODY, OTHER)['webhook-signature']} ${both['webhook-signature']}`;
    await expect(verifyWebhook(BODY, both, SECRET)).resolves.toBeDefined();
    expect(new Webhook(SECRET).verify(BODY, both)).toBeDefined();
  });

  test.each<[string, string, Record<string, string>]>([
    ['with another secret', BODY, sign(BODY, OTHER)],
    ['with another body', BODY.replace('completed', 'failed'), sign()],
    ['with another id', BODY, { ...sign(), 'webhook-id': 'msg_2' }],
    [
      'with a changed timestamp',
      BODY,
      { ...sign(), 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 9) },
    ],
    [
      'with a shortened signature',
      BODY,
      { ...sign(), 'webhook-signature': sign()['webhook-signature']?.slice(0, 20) ?? '' },
    ],
    ['with a signature that is not base64', BODY, { ...sign(), 'webhook-signature': 'v1,%%%' }],
    ['with an empty signature', BODY, { ...sign(), 'webhook-signature': 'v1,' }],
    [
      'with another signature scheme',
      BODY,
      { ...sign(), 'webhook-signature': sign()['webhook-signature']?.replace('v1', 'v2') ?? '' },
    ],
  ])('verifyWebhook and the library reject a webhook %s', async (_, body, headers) => {
    expect((await catchRejection(body, headers, SECRET)).code).toBe('webhook_signature');
    expect(() => new Webhook(SECRET).verify(body, headers)).toThrow();
  });

  test('verifyWebhook rejects a timestamp outside of the tolerance, in both directions', async () => {
    const at = Date.parse('2026-11-22T16:00:00Z');
    const verify = (offset: number, toleranceSeconds?: number) =>
      verifyWebhook(BODY, sign(BODY, SECRET, at), SECRET, {
        now: () => at + offset * 1000,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      });
    await expect(verify(300)).resolves.toBeDefined();
    await expect(verify(-300)).resolves.toBeDefined();
    await expect(verify(301)).rejects.toMatchObject({ code: 'webhook_timestamp' });
    await expect(verify(-301)).rejects.toMatchObject({ code: 'webhook_timestamp' });
    await expect(verify(11, 10)).rejects.toMatchObject({ code: 'webhook_timestamp' });
    for (const timestamp of ['soon', '', '1e9', 'NaN', ' '])
      expect(
        (await catchRejection(BODY, { ...sign(), 'webhook-timestamp': timestamp }, SECRET)).code,
      ).toMatch(/^webhook_(timestamp|headers)$/);
  });

  test('verifyWebhook rejects a webhook without its headers', async () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
      expect((await catchRejection(BODY, { ...sign(), [name]: undefined }, SECRET)).code).toBe(
        'webhook_headers',
      );
  });

  test('verifyWebhook rejects a signed body that is not an event', async () => {
    for (const body of ['', 'null', '[]', '{"type":1}', '{"type":"x","data":null}', 'not json'])
      expect((await catchRejection(body, sign(body), SECRET)).code).toBe('webhook_body');
  });

  test('an invalid secret, body or headers argument is a TypeError that does not contain the secret', async () => {
    for (const secret of ['', 'whsec_', 'whsec_s3cret!', [], undefined as never, [undefined as never]])
      await expect(verifyWebhook(BODY, sign(), secret)).rejects.toThrow(/^secret: (?!.*s3cret)/);
    await expect(verifyWebhook(JSON.parse(BODY) as never, sign(), SECRET)).rejects.toThrow(/^body: /);
    await expect(verifyWebhook(BODY, undefined as never, SECRET)).rejects.toThrow(/^headers: /);
    expect(await catchRejection(BODY, sign(), OTHER)).toBeInstanceOf(DarkroomError);
  });
});
