import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { openLocation, type RunRequest } from '@darkroom/catalogue';
import { parseSettings, type Settings } from '@darkroom/shared/config';
import { systemClock } from '@darkroom/shared/runtime';
import { openStoreFor } from '@darkroom/shared/service';
import { cleanup, requires, service, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { describe, expect, test, vi } from 'vitest';
import { openRunLocations, type RunLocations } from '../../src/catalogue/locations.ts';
import type { RunContext } from '../../src/catalogue/run-context.ts';
import { SELF_SIGNED } from '../support/self-signed.ts';

const CSV = 'sku,name\nS-1,Größe\nS-2,Schuh\n';

/** Locations as a run of a worker with these settings has them. It ends with the test. */
async function openLocations(
  settings: Partial<Settings>,
  request: Partial<RunRequest> = {},
): Promise<RunLocations> {
  const context = {
    request: { tenant: 'shop', catalogue: 'shoes', files: null, readsBuckets: false, ...request },
    infra: { settings: { ...parseSettings({}), ...settings }, clock: systemClock },
    job: { signal: new AbortController().signal },
  };
  const locations = await openRunLocations(context as unknown as RunContext);
  cleanup(() => locations.close());
  return locations;
}

const read = async (location: string, locations: RunLocations) =>
  await text((await openLocation(location, locations)).stream);

/** An https server of this machine. @returns its address */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(SELF_SIGNED, answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

/** Trusts the certificate of the server until the end of the test, as NODE_EXTRA_CA_CERTS does for a process. */
function trustCertificate() {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, SELF_SIGNED.cert]);
  cleanup(() => tls.setDefaultCACertificates(before));
}

const sendWhole: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'content-length': Buffer.byteLength(CSV) }).end(CSV);

describe('a source of a run on an https server', () => {
  test('is read over TLS, and a redirect is followed on the same host only', async () => {
    trustCertificate();
    const url = await serve((request, response) => {
      if (request.url === '/old.csv') response.writeHead(302, { location: '/new.csv' }).end();
      else if (request.url === '/other.csv')
        response
          .writeHead(302, {
            location: `https://${request.headers.host?.replace('localhost', '127.0.0.1')}/new.csv`,
          })
          .end();
      else sendWhole(request, response);
    });
    const locations = await openLocations({ ALLOW_PRIVATE_HOSTS: true });
    expect(await read(`${url}/old.csv`, locations)).toBe(CSV);
    await expect(read(`${url}/other.csv`, locations)).rejects.toThrow(
      /redirects to https:\/\/127\.0\.0\.1:\d+\./,
    );
  });

  test('whose download stops half-way is an error', async () => {
    trustCertificate();
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': CSV.length + 2 });
      response.write(CSV.slice(0, 12), () => response.destroy());
    });
    const locations = await openLocations({ ALLOW_PRIVATE_HOSTS: true });
    await expect(read(`${url}/export.csv`, locations)).rejects.toThrow(/stopped after 12 bytes of \d+/);
  });

  test('is refused with a certificate that no authority signed', async () => {
    const url = await serve(sendWhole);
    const locations = await openLocations({ ALLOW_PRIVATE_HOSTS: true });
    await expect(read(`${url}/export.csv`, locations)).rejects.toThrow(/self-signed certificate/);
  });

  test('is refused at a private address, before a connection is made', async () => {
    trustCertificate();
    const requests: unknown[] = [];
    const url = await serve((request, response) => {
      requests.push(request.url);
      sendWhole(request, response);
    });
    const locations = await openLocations({ ALLOW_PRIVATE_HOSTS: false });
    for (const address of [url, url.replace('localhost', '127.0.0.1'), url.replace('localhost', '[::1]')])
      await expect(read(`${address}/export.csv`, locations)).rejects.toThrow(/is not a public address/);
    expect(requests).toEqual([]);
  });
});

requires('s3').test(
  'a source of a run in a bucket is read with the settings of the worker, if the caller may read buckets',
  async () => {
    const { accessKeyId, secretAccessKey, endpoint, region } = service('s3');
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
    cleanup(() => void vi.unstubAllEnvs());
    const settings = { S3_ENDPOINT: endpoint, AWS_REGION: region };
    const url = uniqueS3Url();
    const store = await openStoreFor(
      { ...parseSettings({}), ...settings, STORE_URL: url, DATA_DIR: await tempDir() },
      systemClock,
    );
    cleanup(() => store.close());
    await store.put('exports/today.csv', CSV, { contentType: 'text/csv' });

    const locations = await openLocations(settings, { readsBuckets: true });
    expect(await read(`${url}/exports/today.csv`, locations)).toBe(CSV);
    await expect(read(`${url}/exports/none.csv`, locations)).rejects.toThrow(/none\.csv does not exist/);
    const others = await openLocations(settings, { readsBuckets: false });
    await expect(read(`${url}/exports/today.csv`, others)).rejects.toThrow(/a key needs the role operate/);
  },
);
