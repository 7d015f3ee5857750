import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { openSimulator } from './support.ts';

async function getFromHost(url: string, host: string): Promise<{ status: number | undefined; body: string }> {
  const sent = request(url, { headers: { host } });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}

test('a page whose name resolves to this machine cannot read the purchases of the simulator', async () => {
  const sim = await openSimulator();
  await sim.buy({ prompt: 'the secret prompt' });
  for (const path of ['/__simulator/book', '/__simulator', '/']) {
    const { status, body } = await getFromHost(sim.url + path, 'evil.example');
    expect([path, status]).toEqual([path, 400]);
    expect(body).toContain('Host: expected localhost');
    expect(body).not.toContain('task');
  }
  expect((await getFromHost(`${sim.url}/__simulator/book`, 'localhost:1')).status).toBe(200);
});

test('the simulator answers to the host of its results', async () => {
  const sim = await openSimulator({ resultHost: 'http://files.example.com' });
  expect((await getFromHost(`${sim.url}/`, 'files.example.com')).status).toBe(200);
});
