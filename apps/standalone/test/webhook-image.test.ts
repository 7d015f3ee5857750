import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { WebhookEvent } from '@darkroom/api';
import { parseSettings } from '@darkroom/shared/config';
import { createApiKey, formatApiKey, parseApiKeys } from '@darkroom/shared/keys';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, tempDir, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHouse } from '../src/compose.ts';

const HOUR = 3_600_000;

/** A receiver that keeps what came, and refuses all but what it is told to take. */
async function startReceiver() {
  const events: WebhookEvent[] = [];
  let status = 500;
  const server = createServer((request, response) => {
    void json(request).then((event) => {
      events.push(event as WebhookEvent);
      response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const take = () => {
    status = 204;
  };
  return { url: `http://127.0.0.1:${port}/in`, events, take };
}

async function open(settings: { keys: boolean }) {
  const receiver = await startReceiver();
  const { text, sha256 } = createApiKey();
  const entry = formatApiKey({ tenant: 'shop', roles: ['enqueue', 'read', 'operate'], sha256 });
  let shift = 0;
  const house = await openHouse({
    settings: {
      ...parseSettings({ DATA_DIR: await tempDir(), LOG_LEVEL: 'silent' }),
      PORT: 0,
      WORKER_PORT: 0,
      API_KEYS: settings.keys ? (parseApiKeys(entry) ?? []) : [],
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_URLS: [{ value: receiver.url }],
      WEBHOOK_SECRETS: [{ value: `whsec_${'a'.repeat(40)}` }],
    },
    secrets: [],
    clock: { ...systemClock, now: () => Date.now() + shift },
    fast: true,
  });
  cleanup(() => house.close());
  const call = (method: string, path: string, body?: object) =>
    fetch(`${house.producer.url}${path}`, {
      method,
      headers: {
        ...(body ? { 'content-type': 'application/json' } : {}),
        ...(settings.keys ? { authorization: `Bearer ${text}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const render = async () => {
    const answer = (await (await call('POST', '/v1/renders', { prompt: 'a mug' })).json()) as { id: string };
    await until(() => receiver.events.length > 0, { timeout: 60_000 });
    return answer.id;
  };
  const pass = (ms: number) => {
    shift += ms;
  };
  return { house, receiver, render, call, pass };
}

test('the image in a webhook opens for an hour without a key, where the store cannot sign and the API asks for keys', async () => {
  const { house, receiver, render, call, pass } = await open({ keys: true });
  const id = await render();
  const image = receiver.events[0]?.data.image;
  const [url, thumbnail] = [image?.url ?? '', image?.thumbnail_url ?? ''];
  expect(url.startsWith(`${house.producer.url}/v1/renders/${id}/image?`)).toBe(true);
  expect((await fetch(url.slice(0, url.indexOf('?')))).status).toBe(401);

  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(image?.bytes);
  expect((await fetch(thumbnail)).headers.get('content-type')).toBe('image/webp');
  for (const bent of [
    url.replace('/image', '/thumbnail'),
    url.replace('tenant=shop', 'tenant=default'),
    url.replace(/expires=\d/, 'expires=9'),
    url.replace(/signature=(.)/, (_, first) => `signature=${first === 'A' ? 'B' : 'A'}`),
  ]) {
    expect(bent).not.toBe(url);
    expect((await fetch(bent)).status).toBe(401);
  }

  // The next try is hours later: its link is as fresh as the first one's was.
  pass(HOUR - 300_000);
  expect((await fetch(url)).status).toBe(200);
  pass(301_000);
  expect((await fetch(url)).status).toBe(401);
  receiver.take();
  // On a slow machine it was tried again before.
  const tried = receiver.events.length;
  await until(async () => (await call('POST', `/v1/renders/${id}/deliveries/redeliver`)).status === 202);
  const last = await until(() => receiver.events[tried]);
  expect((await fetch(last.data.image?.url ?? '')).status).toBe(200);
  expect((await fetch(last.data.image?.thumbnail_url ?? '')).status).toBe(200);
}, 120_000);

test('the image in a webhook is the plain address where nobody needs a key, as in an answer', async () => {
  const { receiver, render, call } = await open({ keys: false });
  receiver.take();
  const id = await render();
  const answer = (await (await call('GET', `/v1/renders/${id}`)).json()) as WebhookEvent['data'];
  const told = receiver.events[0]?.data.image;
  expect(told?.url).toBe(answer.image?.url);
  expect(told?.thumbnail_url).toBe(answer.image?.thumbnail_url);
  expect(told?.url).not.toContain('?');
  expect((await fetch(told?.url ?? '')).status).toBe(200);
}, 120_000);
