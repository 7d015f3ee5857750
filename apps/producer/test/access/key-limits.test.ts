import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHarness, readProblem } from '../support/harness.ts';
import { createKeyring, enqueueAs } from '../support/keyring.ts';

requires('redis').describe('the limits of a key', () => {
  test('requests above the rate of a key get 429 with Retry-After, and other keys are not affected', async () => {
    const keys = createKeyring();
    const slow = keys.give('shop', ['enqueue', 'read'], { perSecond: 3 });
    const other = keys.give('shop', ['enqueue', 'read']);
    const harness = await openHarness({ settings: keys.settings() });
    const id = await enqueueAs(harness, other, 'one');
    expect((await harness.get(`/v1/renders/${id}`, slow)).status).toBe(200);
    // A second may end during the burst, and a request that is not counted soon enough is accepted.
    const rejected = await until(async () => {
      const burst = Array.from({ length: 12 }, () => harness.get(`/v1/renders/${id}`, slow));
      return (await Promise.all(burst)).find(({ status }) => status === 429);
    });
    expect(rejected.headers.get('retry-after')).toBe('1');
    expect((await readProblem(rejected)).code).toBe('rate_limited');
    expect((await harness.get(`/v1/renders/${id}`, other)).status).toBe(200);
  });

  test('a body above the limit of its key is rejected, with and without Content-Length', async () => {
    const keys = createKeyring();
    const small = keys.give('shop', ['enqueue', 'read'], { bodyBytes: 200 });
    const harness = await openHarness({ settings: keys.settings() });
    const body = JSON.stringify({ prompt: 'x'.repeat(300) });
    expect((await readProblem(await harness.post(body, small))).code).toBe('body_too_large');
    const streamed = await fetch(`${harness.url}/v1/renders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...small },
      body: new Blob([body]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect((await readProblem(streamed)).code).toBe('body_too_large');
    expect((await harness.post({ prompt: 'short' }, small)).status).toBe(202);
  });
});
