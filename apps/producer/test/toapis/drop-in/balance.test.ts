import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, plantSecret, requires } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { openHarness } from '../../support/harness.ts';

/** A simulator with a balance, and a producer that has its key. */
async function open(faults: Parameters<typeof startSimulator>[0] = {}) {
  const key = plantSecret();
  const simulator = await startSimulator({ seed: 7, balance: 20, apiKeys: [key], ...faults });
  cleanup(() => simulator.close());
  let now = systemClock.now();
  const clock: Clock = { ...systemClock, now: () => now };
  const settings = { TOAPIS_API_KEY: key, TOAPIS_BASE_URL: simulator.url };
  const harness = await openHarness({ settings, wrap: (deps) => ({ ...deps, clock }) });
  return { harness, simulator, key, pass: (ms: number) => void (now += ms) };
}

requires('redis').describe('the balance', () => {
  test.each(['/v1/balance', '/v1/user/balance'])("%s answers with the provider's balance", async (path) => {
    const { harness, simulator, key } = await open();
    const response = await harness.get(path);
    expect(response.status).toBe(200);
    const direct = await fetch(simulator.url + path, { headers: { authorization: `Bearer ${key}` } });
    expect(await response.json()).toEqual(await direct.json());
  });

  test('calls within 5 seconds share one request to the provider', async () => {
    const { harness, simulator, pass } = await open();
    const requestCount = () => simulator.requests.counts().categories.balance.received;
    await Promise.all(Array.from({ length: 20 }, () => harness.get('/v1/balance')));
    expect(requestCount()).toBe(1);
    await simulator.setBalance(3);
    expect(await (await harness.get('/v1/balance')).json()).toMatchObject({ remain_balance: 20 });
    pass(5_001);
    expect(await (await harness.get('/v1/balance')).json()).toMatchObject({ remain_balance: 3 });
    expect(requestCount()).toBe(2);
  });

  test('the balance without a provider key is a failure that names the missing setting', async () => {
    const harness = await openHarness();
    const response = await harness.get('/v1/balance');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      success: false,
      message: expect.stringContaining('TOAPIS_API_KEY is not set'),
    });
  });

  test.each([
    ['answers with an HTML error page', 'html_502', 'The provider answered with HTTP 502'],
    [
      'answers with a JSON error',
      'internal_error',
      'The provider answered with HTTP 500: Internal server error',
    ],
    ['closes the connection without an answer', 'cut_before', 'The provider did not answer. Try again soon.'],
  ] as const)(
    'the balance is a failure with status 200 when the provider %s',
    async (_what, kind, message) => {
      const { harness } = await open({ faults: [{ kind, route: 'balance', rate: 1 }] });
      const response = await harness.get('/v1/balance');
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ success: false, message });
    },
  );

  test("the balance contains the provider's own error, but never the key", async () => {
    const key = plantSecret();
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ success: false, message: `Invalid token ${key}` }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const harness = await openHarness({ settings: { TOAPIS_API_KEY: key, TOAPIS_BASE_URL: url } });
    expect(await (await harness.get('/v1/balance')).json()).toEqual({
      success: false,
      message: 'Invalid token [redacted]',
    });
    expect(harness.logs()).not.toContain(key);
  });
});
