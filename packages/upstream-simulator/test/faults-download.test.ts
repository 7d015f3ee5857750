import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { buyFinished, download, openSimulator, waitUntil } from './support.ts';

describe('a download fault', () => {
  test('truncated serves half the file, with the length of that half', async () => {
    const sim = await openSimulator();
    const url = await buyFinished(sim);
    sim.faults.add({ kind: 'truncated' });
    const response = await fetch(url);
    const half = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-length')).toBe(String(half.length));
    const whole = await download(url);
    expect(half.length).toBe(Math.floor(whole.length / 2));
    await expect(sharp(half, { failOn: 'truncated' }).raw().toBuffer()).rejects.toThrow();
  });

  test('download_cut announces the whole file and cuts the connection midway', async () => {
    const sim = await openSimulator();
    const url = await buyFinished(sim);
    sim.faults.add({ kind: 'download_cut' });
    const response = await fetch(url);
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(Number(response.headers.get('content-length'))).toBe((await download(url)).length);
  });

  test('wrong_content_type serves HTML with 200', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'wrong_content_type' }] });
    const response = await fetch(await buyFinished(sim));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html']);
  });

  test.each([
    ['download_500', 500],
    ['expired', 403],
  ] as const)('%s answers %i', async (kind, status) => {
    const sim = await openSimulator({ faults: [{ kind }] });
    expect((await fetch(await buyFinished(sim))).status).toBe(status);
  });

  test.each([400, 401, 403, 404, 422])('download_html answers an HTML %i, then the file', async (status) => {
    const sim = await openSimulator({ faults: [{ kind: 'download_html', status }] });
    const url = await buyFinished(sim);
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'text/html']);
    expect(await response.text()).toContain(`<title>${status} `);
    expect((await fetch(url)).status).toBe(200);
  });

  test('redirect leads to the same file, or to the URL in `to`', async () => {
    const sim = await openSimulator({
      faults: [{ kind: 'redirect' }],
    });
    const url = await buyFinished(sim);
    const followed = await fetch(url);
    expect([followed.redirected, followed.status]).toEqual([true, 200]);
    sim.faults.add({ kind: 'redirect', to: 'http://10.0.0.1/x' });
    const away = await fetch(url, { redirect: 'manual' });
    expect([away.status, away.headers.get('location')]).toEqual([302, 'http://10.0.0.1/x']);
  });

  test('oversize serves an endless body', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'oversize' }] });
    const response = await fetch(await buyFinished(sim));
    expect(response.headers.get('content-length')).toBe(null);
    let read = 0;
    for await (const chunk of response.body ?? []) {
      read += chunk.length;
      if (read > 50_000_000) break;
    }
    expect(read).toBeGreaterThan(50_000_000);
  });

  test('large serves a valid image of exactly that many bytes', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'large', bytes: 5_000_000 }] });
    const bytes = await download(await buyFinished(sim, { size: '3:2' }));
    expect(bytes.length).toBe(5_000_000);
    const { info } = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([1264, 848]);
  });

  test('download_slow serves the complete file in the given time', async () => {
    const sim = await openSimulator({ timeScale: 0.1, faults: [{ kind: 'download_slow', ms: 20_000 }] });
    const url = await buyFinished(sim);
    const startedAt = sim.clock.now();
    let bytes: Buffer | undefined;
    const slow = download(url).then((done) => {
      bytes = done;
    });
    while (bytes === undefined) {
      await waitUntil(() => bytes !== undefined || sim.clock.pending > 0);
      if (bytes === undefined) sim.clock.advance(100);
    }
    await slow;
    expect(sim.clock.now() - startedAt).toBe(2_000);
    expect(bytes.equals(await download(url))).toBe(true);
  });

  test('download_hang never answers', async () => {
    const sim = await openSimulator({ faults: [{ kind: 'download_hang' }] });
    const hung = fetch(await buyFinished(sim)).catch(() => 'cut');
    await sim.requests.until(({ categories }) => categories.download.answered['unanswered'] === 1);
    await sim.close();
    expect(await hung).toBe('cut');
  });
});
