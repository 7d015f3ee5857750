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

/** Signed by the library. */
function signed(body = BODY, secret = SECRET, at = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const signature = new Webhook(secret).sign('msg_1', new Date(at), body);
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

const refused = async (...args: Parameters<typeof verifyWebhook>): Promise<DarkroomError> =>
  await verifyWebhook(...args).then(
    () => expect.fail('it was believed'),
    (error: unknown) => error as DarkroomError,
  );

describe('a webhook', () => {
  test('that the library signed is believed, as text and as bytes', async () => {
    const event = await verifyWebhook(BODY, signed(), SECRET);
    expect(event.type === 'render.completed' && event.data.status).toBe('completed');
    const bytes = new TextEncoder().encode(BODY);
    expect(await verifyWebhook(bytes, signed(), SECRET)).toEqual(event);
    expect(await verifyWebhook(bytes.buffer, signed(), SECRET)).toEqual(event);
    expect(await verifyWebhook(Buffer.from(BODY), signed(), SECRET)).toEqual(event);
  });

  test('that is signed as we read it is believed by the library', () => {
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
    ['Headers', (headers) => new Headers(headers)],
    ["Node's", (headers) => headers],
    [
      'lists',
      (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ],
    [
      'other cases',
      (headers) =>
        Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.replace('webhook', 'Webhook'), value]),
        ),
    ],
  ])('is believed with headers in the form of %s', async (_, form) => {
    await expect(verifyWebhook(BODY, form(signed()), SECRET)).resolves.toMatchObject({
      type: 'render.completed',
    });
  });

  test('may be signed with any of several secrets, on either side', async () => {
    await expect(verifyWebhook(BODY, signed(BODY, OTHER), [SECRET, OTHER])).resolves.toBeDefined();
    const both = { ...signed() };
    both['webhook-signature'] =
      `v1a,xyz v1,AAAA ${signed(BODY, OTHER)['webhook-signature']} ${both['webhook-signature']}`;
    await expect(verifyWebhook(BODY, both, SECRET)).resolves.toBeDefined();
    expect(new Webhook(SECRET).verify(BODY, both)).toBeDefined();
  });

  test.each<[string, string, Record<string, string>]>([
    ['of another secret', BODY, signed(BODY, OTHER)],
    ['with another body', BODY.replace('completed', 'failed'), signed()],
    ['with another id', BODY, { ...signed(), 'webhook-id': 'msg_2' }],
    [
      'with a moved timestamp',
      BODY,
      { ...signed(), 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 9) },
    ],
    [
      'with a signature cut short',
      BODY,
      { ...signed(), 'webhook-signature': signed()['webhook-signature']?.slice(0, 20) ?? '' },
    ],
    ['with a signature that is no base64', BODY, { ...signed(), 'webhook-signature': 'v1,%%%' }],
    ['with an empty signature', BODY, { ...signed(), 'webhook-signature': 'v1,' }],
    [
      'of another scheme',
      BODY,
      { ...signed(), 'webhook-signature': signed()['webhook-signature']?.replace('v1', 'v2') ?? '' },
    ],
  ])('%s is refused, here and by the library', async (_, body, headers) => {
    expect((await refused(body, headers, SECRET)).code).toBe('webhook_signature');
    expect(() => new Webhook(SECRET).verify(body, headers)).toThrow();
  });

  test('from another time is refused, either way, and the time can be held', async () => {
    const at = Date.parse('2026-11-22T16:00:00Z');
    const verify = (offset: number, toleranceSeconds?: number) =>
      verifyWebhook(BODY, signed(BODY, SECRET, at), SECRET, {
        now: () => at + offset * 1000,
        ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
      });
    await expect(verify(300)).resolves.toBeDefined();
    await expect(verify(-300)).resolves.toBeDefined();
    await expect(verify(301)).rejects.toMatchObject({ code: 'webhook_timestamp' });
    await expect(verify(-301)).rejects.toMatchObject({ code: 'webhook_timestamp' });
    await expect(verify(11, 10)).rejects.toMatchObject({ code: 'webhook_timestamp' });
    for (const timestamp of ['soon', '', '1e9', 'NaN', ' '])
      expect((await refused(BODY, { ...signed(), 'webhook-timestamp': timestamp }, SECRET)).code).toMatch(
        /^webhook_(timestamp|headers)$/,
      );
  });

  test('without its headers is refused', async () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'])
      expect((await refused(BODY, { ...signed(), [name]: undefined }, SECRET)).code).toBe('webhook_headers');
  });

  test('that is signed and no event is refused', async () => {
    for (const body of ['', 'null', '[]', '{"type":1}', '{"type":"x","data":null}', 'not json'])
      expect((await refused(body, signed(body), SECRET)).code).toBe('webhook_body');
  });

  test('whose secret or body cannot be used is a mistake of ours, and no secret is told', async () => {
    for (const secret of ['', 'whsec_', 'whsec_s3cret!', [], undefined as never, [undefined as never]])
      await expect(verifyWebhook(BODY, signed(), secret)).rejects.toThrow(/^secret: (?!.*s3cret)/);
    await expect(verifyWebhook(JSON.parse(BODY) as never, signed(), SECRET)).rejects.toThrow(/^body: /);
    await expect(verifyWebhook(BODY, undefined as never, SECRET)).rejects.toThrow(/^headers: /);
    expect(await refused(BODY, signed(), OTHER)).toBeInstanceOf(DarkroomError);
  });
});
