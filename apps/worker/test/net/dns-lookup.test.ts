import { type LookupAddress, lookup } from 'node:dns';
import { promisify } from 'node:util';
import { createDnsLookup, type LookupAll } from '@darkroom/shared/net';
import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { SILENCE, startNameServer, type Zone } from '../support/name-server.ts';

const FOUR = Buffer.from([93, 184, 216, 34]);
const SIX = Buffer.from('26062800022000010000000000000001', 'hex');

async function resolving(zone: Zone, timeoutMs = 20_000) {
  const server = await startNameServer(zone);
  const resolveName: LookupAll = createDnsLookup({ servers: [server.address], timeoutMs });
  const ask = (name: string, family: 0 | 4 | 6 = 0) =>
    new Promise<LookupAddress[]>((resolve, reject) =>
      resolveName(name, { all: true, family }, (error, addresses) =>
        error ? reject(error) : resolve(addresses),
      ),
    );
  return { ...server, ask };
}

test('a lookup returns all addresses of a name, of both families', async () => {
  const { ask } = await resolving((_name, type) =>
    type === 'A' ? [FOUR, Buffer.from([10, 0, 0, 1])] : [SIX],
  );
  expect(await ask('hooks.example.com')).toEqual([
    { address: '93.184.216.34', family: 4 },
    { address: '10.0.0.1', family: 4 },
    { address: '2606:2800:220:1::1', family: 6 },
  ]);
});

test('a lookup for one family returns only that family', async () => {
  const { ask, asked } = await resolving((_name, type) => (type === 'A' ? [FOUR] : [SIX]));
  expect(await ask('hooks.example.com', 6)).toEqual([{ address: '2606:2800:220:1::1', family: 6 }]);
  expect(asked).toEqual(['hooks.example.com AAAA']);
});

test('a lookup of a name that does not exist fails with ENOTFOUND', async () => {
  const { ask } = await resolving(() => undefined);
  await expect(ask('gone.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('a silent name server does not block the lookup of other names', async () => {
  const { ask, asked } = await resolving(() => SILENCE, 500);
  const silent = Promise.allSettled(Array.from({ length: 20 }, (_, index) => ask(`h${index}.example.com`)));
  await until(() => new Set(asked).size === 40);
  // It would wait for a thread that the twenty hold.
  expect(await promisify(lookup)('localhost')).toMatchObject({ address: expect.any(String) });
  for (const one of await silent) expect(one).toMatchObject({ reason: { code: 'ETIMEOUT' } });
});
