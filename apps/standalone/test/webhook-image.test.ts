import type { RenderEvent } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { systemClock } from '@darkroom/shared/runtime';
import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openDarkroom } from './support/open-darkroom.ts';
import { startWebhookReceiver } from './support/webhook-receiver.ts';

const HOUR_MS = 3_600_000;

async function open(options: { keys: boolean }) {
  const receiver = await startWebhookReceiver({ acknowledges: false });
  const { text, sha256 } = createApiKey();
  let shiftMs = 0;
  const darkroom = await openDarkroom(
    {
      API_KEYS: options.keys ? [{ tenant: 'shop', roles: ['enqueue', 'read', 'operate'], sha256 }] : [],
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_URLS: [{ value: receiver.url }],
      WEBHOOK_SECRETS: [{ value: `whsec_${'a'.repeat(40)}` }],
    },
    { clock: { ...systemClock, now: () => Date.now() + shiftMs } },
  );
  const call = (method: string, path: string, body?: object) =>
    fetch(`${darkroom.producer.url}${path}`, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(options.keys ? { authorization: `Bearer ${text}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  /** Renders one image and waits for its first webhook. */
  const renderOne = async () => {
    const answer = (await (await call('POST', '/v1/renders', { prompt: 'a mug' })).json()) as { id: string };
    await until(() => receiver.webhooks.length > 0, { timeout: 60_000 });
    return answer.id;
  };
  const passTime = (ms: number) => {
    shiftMs += ms;
  };
  return { darkroom, receiver, renderOne, call, passTime };
}

test('the image URL of a webhook opens without a key for one hour, if the store cannot sign URLs and the API requires keys', async () => {
  const { darkroom, receiver, renderOne, call, passTime } = await open({ keys: true });
  const id = await renderOne();
  const image = receiver.webhooks[0]?.event.data.image;
  const [url, thumbnail] = [image?.url ?? '', image?.thumbnail_url ?? ''];
  expect(url.startsWith(`${darkroom.producer.url}/v1/renders/${id}/image?`)).toBe(true);
  expect((await fetch(url.slice(0, url.indexOf('?')))).status).toBe(401);

  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(image?.bytes);
  expect((await fetch(thumbnail)).headers.get('content-type')).toBe('image/webp');
  for (const forged of [
    url.replace('/image', '/thumbnail'),
    url.replace('tenant=shop', 'tenant=default'),
    url.replace(/expires=\d/, 'expires=9'),
    url.replace(/signature=(.)/, (_, first) => `signature=${first === 'A' ? 'B' : 'A'}`),
  ]) {
    expect(forged).not.toBe(url);
    expect((await fetch(forged)).status).toBe(401);
  }

  // The next delivery is hours later. Its URL must be as fresh as the first one was.
  passTime(HOUR_MS - 300_000);
  expect((await fetch(url)).status).toBe(200);
  passTime(301_000);
  expect((await fetch(url)).status).toBe(401);
  receiver.acknowledge();
  // On a slow machine there were further deliveries already.
  const delivered = receiver.webhooks.length;
  await until(async () => (await call('POST', `/v1/renders/${id}/deliveries/redeliver`)).status === 202);
  const { event } = await until(() => receiver.webhooks[delivered]);
  expect((await fetch(event.data.image?.url ?? '')).status).toBe(200);
  expect((await fetch(event.data.image?.thumbnail_url ?? '')).status).toBe(200);
}, 120_000);

test('the image URL of a webhook is the plain URL of the API, if the API requires no keys', async () => {
  const { receiver, renderOne, call } = await open({ keys: false });
  receiver.acknowledge();
  const id = await renderOne();
  const answer = (await (await call('GET', `/v1/renders/${id}`)).json()) as RenderEvent['data'];
  const sent = receiver.webhooks[0]?.event.data.image;
  expect(sent?.url).toBe(answer.image?.url);
  expect(sent?.thumbnail_url).toBe(answer.image?.thumbnail_url);
  expect(sent?.url).not.toContain('?');
  expect((await fetch(sent?.url ?? '')).status).toBe(200);
}, 120_000);
