import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { openStore } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, requires, service, tempDir, uniqueS3Url } from '@darkroom/testkit';
import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import { takeSnapshot } from '../src/source/index.ts';
import { CSV, lines, openWorkspace, readText, YAML } from './support/workspace.ts';

const URL_YAML = YAML.replace('products.csv', 'https://shop.test/export.csv?token=s3cret');
const MODIFIED = 'Sat, 21 Nov 2026 23:00:00 GMT';

/** A workspace whose https requests reach this server, whatever their host. The sockets have no TLS. */
async function openServed(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({
    connect: (_options, callback) => {
      const socket = connect(port, '127.0.0.1', () => callback(null, socket));
      socket.once('error', (error) => callback(error, null));
    },
  });
  cleanup(async () => {
    await agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  return openWorkspace(CSV, agent);
}

const problemsOf = async (answer: RequestListener) => lines(await (await openServed(answer)).check(URL_YAML));

describe('a source at a URL', () => {
  test('is read, with its age, and a redirect on the same host is followed', async () => {
    const workspace = await openServed((request, response) => {
      if (!request.url?.startsWith('/new'))
        return void response.writeHead(302, { location: '/new.csv' }).end();
      response.writeHead(200, { 'last-modified': MODIFIED, 'content-length': CSV.length }).end(CSV);
    });
    const planned = await workspace.plan(URL_YAML);
    expect(planned.kind === 'planned' && planned.plan.guards).toEqual([]);
    expect(planned.kind === 'planned' && planned.decisions.length).toBe(3);
  });

  test.each([
    ['another host', 'https://other.test/export.csv', /redirects to https:\/\/other.test\. If this/],
    ['http', 'http://shop.test/export.csv', /redirects to http:\/\/shop.test\./],
    ['itself', '/export.csv', /redirects more than 3 times/],
  ])('that redirects to %s is an error', async (_, location, message) => {
    const found = await problemsOf((_request, response) => void response.writeHead(302, { location }).end());
    expect(found).toEqual([expect.stringMatching(message)]);
    expect(found[0]).not.toContain('s3cret');
  });

  test('whose download stops half-way is an error, and never a shorter source', async () => {
    const half = CSV.slice(0, CSV.indexOf('A-3'));
    const stop: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': CSV.length });
      response.write(half, () => response.destroy());
    };
    expect(await problemsOf(stop)).toEqual([
      `source:null -: the download of https://shop.test/export.csv stopped after ${half.length} bytes of ${CSV.length}`,
    ]);
    const chunked: RequestListener = (_request, response) => {
      response.writeHead(200);
      response.write(half, () => response.destroy());
    };
    expect(await problemsOf(chunked)).toEqual([expect.stringMatching(/stopped after \d+ bytes$/)]);
  });

  test('without a length and without chunks is an error, because its end is not certain', async () => {
    const found = await problemsOf(({ socket }) => {
      socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${CSV}`);
    });
    expect(found).toEqual([expect.stringMatching(/neither Content-Length nor chunks/)]);
  });

  test('that answers with a page or an error is no source', async () => {
    const page: RequestListener = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Login</h1>');
    expect(await problemsOf(page)).toEqual([expect.stringMatching(/answered with an HTML page/)]);
    expect(await problemsOf((_request, response) => void response.writeHead(503).end())).toEqual([
      expect.stringMatching(/answered with status 503/),
    ]);
  });

  test('without Last-Modified meets the guard of old sources', async () => {
    const workspace = await openServed((_request, response) => {
      response.writeHead(200, { 'content-length': CSV.length }).end(CSV);
    });
    const planned = await workspace.plan(URL_YAML);
    expect(planned.kind === 'planned' && planned.plan.guards).toMatchObject([{ name: 'stale_source' }]);
  });
});

test('a path that does not exist, a folder and another scheme are problems', async () => {
  const workspace = await openWorkspace();
  const check = async (path: string) => lines(await workspace.check(YAML.replace('products.csv', path)));
  expect(await check('none.csv')).toEqual([expect.stringMatching(/none.csv does not exist$/)]);
  expect(await check('.')).toEqual([expect.stringMatching(/is not a file$/)]);
  expect(await check('ftp://shop.test/x.csv')).toEqual([expect.stringMatching(/received another scheme$/)]);
});

requires('s3').test(
  'a source in a bucket is read, with its age, and a missing one is a problem',
  async () => {
    const { bucket: _bucket, ...s3 } = service('s3');
    const url = uniqueS3Url();
    const open = (storeUrl: string) => openStore({ storeUrl, dataDir: 'unused', s3, clock: systemClock });
    const store = await open(url);
    cleanup(() => store.close());
    await store.put('export.csv', CSV, { contentType: 'text/csv' });
    const folder = await tempDir();
    const deps = { folder, openBucket: open, signal: new AbortController().signal };
    const snapshot = await takeSnapshot(`${url}/export.csv`, folder, deps);
    expect(await readText(join(folder, 'source'))).toBe(CSV);
    expect(snapshot.modifiedAt).toBeGreaterThan(Date.now() - 600_000);
    await expect(takeSnapshot(`${url}/none.csv`, folder, deps)).rejects.toThrow(/none.csv does not exist/);
  },
);
