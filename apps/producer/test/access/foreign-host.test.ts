import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';
import { createKeyring } from '../support/keyring.ts';

requires('redis').describe('access without keys', () => {
  const settings = { PUBLIC_URL: 'https://renders.example/dark' };
  const ask = ({ url }: Harness, host: string, origin: string) => {
    const { port } = new URL(url);
    const name = host.replace('PORT', port);
    return sent(url, { host: name, origin: origin.replace('PORT', port).replace('HOST', name) });
  };

  test.each([
    ['127.0.0.1:PORT', 'http://HOST'],
    ['localhost:PORT', 'http://HOST'],
    ['[::1]:PORT', 'http://HOST'],
    ['renders.example', 'https://renders.example'],
    ['renders.example:443', 'https://renders.example'],
  ])('a page at %s with origin %s is a page of this API', async (host, origin) => {
    expect(await ask(await openHarness({ settings }), host, origin)).toBe(202);
  });

  test.each([
    ['evil.example:PORT', 'http://HOST', 421],
    ['127.0.0.1.evil.example:PORT', 'http://HOST', 421],
    ['behind.a.proxy', 'https://renders.example', 421],
    ['127.0.0.1:PORT', 'http://localhost:PORT', 403],
    ['127.0.0.1:PORT', 'http://127.0.0.1:1', 403],
  ])(
    'a page at %s with origin %s cannot change anything, even if its name resolves to this machine',
    async (host, origin, status) => {
      const harness = await openHarness({ settings });
      expect(await ask(harness, host, origin)).toBe(status);
      expect(await harness.jobCount()).toBe(0);
    },
  );
});

requires('redis').describe('requests to a foreign host name without keys', () => {
  const paths = ['/', '/v1/renders', '/v1/balance', '/queues', '/queues/api/queues', '/metrics', '/healthz'];

  test.each(paths)('GET %s answers nothing to a page whose name resolves to this machine', async (path) => {
    const harness = await openHarness();
    await harness.post({ prompt: 'the secret prompt' });
    for (const host of [
      'evil.example',
      `evil.example:${new URL(harness.url).port}`,
      '8.8.8.8',
      '127.0.0.1.evil.example',
    ]) {
      const { status, text } = await getFromHost(harness.url + path, host);
      expect([host, status]).toEqual([host, 421]);
      expect(text).toContain('set PUBLIC_URL or API_KEYS');
      expect(text).not.toContain('the secret prompt');
    }
  });

  test('the names of this machine, HOST and PUBLIC_URL are accepted', async () => {
    const harness = await openHarness({ settings: { PUBLIC_URL: 'https://renders.example/dark' } });
    for (const host of [
      'localhost',
      'LocalHost:3000',
      '127.0.0.1',
      '127.0.0.1:1',
      '[::1]:3000',
      'renders.example',
    ]) {
      expect([host, (await getFromHost(`${harness.url}/v1/renders`, host)).status]).toEqual([host, 200]);
    }
  });

  test('with keys, every host name is accepted', async () => {
    const keys = createKeyring();
    const shop = keys.give('shop', ['enqueue', 'read']);
    const harness = await openHarness({ settings: keys.settings() });
    expect((await getFromHost(`${harness.url}/v1/renders`, 'any.example', shop)).status).toBe(200);
  });
});

/** The status of a request for a render, with a `Host` that fetch would not send. */
async function sent(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const asked = request(`${url}/v1/renders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
  });
  asked.end('{"prompt":"a"}');
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

/** A response to a request with a `Host` that fetch would not send. */
async function getFromHost(url: string, host: string, headers: Record<string, string> = {}) {
  const asked = request(url, { headers: { ...headers, host } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}
