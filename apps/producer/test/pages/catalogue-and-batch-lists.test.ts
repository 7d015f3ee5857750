import { CatalogueRunStore } from '@darkroom/catalogue';
import { createApiKey } from '@darkroom/shared/keys';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { BATCH_EXAMPLE_ID, putBatch } from '../support/contract/batch-fixture.ts';
import { putCatalogueRun, putReport, putSchedule } from '../support/contract/catalogue-fixture.ts';
import { putRun } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness } from '../support/harness.ts';

requires('redis').describe('the pages of catalogues and batches', () => {
  const [overseer, shop] = [createApiKey(), createApiKey()];
  const OTHER_BATCH = `batch_${'9'.repeat(32)}`;
  let harness: Harness;
  const read = async (path: string, { text }: typeof shop) => {
    const response = await harness.get(path, { authorization: `Bearer ${text}` });
    return { status: response.status, text: await response.text() };
  };

  beforeAll(async () => {
    harness = await openHarness({
      settings: {
        API_KEYS: [
          { tenant: '*', roles: ['read'], sha256: overseer.sha256 },
          { tenant: 'shop', roles: ['read'], sha256: shop.sha256 },
        ],
      },
    });
  });

  test('without any, each page says how to make one', async () => {
    expect((await read('/catalogues', shop)).text).toContain('darkroom catalogue init');
    expect((await read('/batches', overseer)).text).toContain('darkroom batch submit');
  });

  test('a tenant sees its catalogues with report, open runs and next night, and an overseer those of all', async () => {
    const run = await putReport(harness, 'shop');
    await new CatalogueRunStore(harness.store).writeLatest('shop', {
      version: 1,
      catalogue: 'shoes',
      run,
      manifest: {
        key: 'catalogues/shop/shoes/runs/x/manifest.jsonl',
        sha256: '0'.repeat(64),
        bytes: 1,
        items: 12,
      },
      source: { sha256: '0'.repeat(64), bytes: 1, rows: 12 },
      requested_at: '2026-11-26T01:00:00.000Z',
      finished_at: '2026-11-26T03:00:00.000Z',
    });
    await putCatalogueRun(harness, { run: '2026-11-27' }, 'shop');
    await putSchedule(harness, 'shoes', 'shop');
    await putCatalogueRun(harness, {}, 'acme');
    const own = (await read('/catalogues', shop)).text;
    expect(own).toContain('12 items');
    expect(own).toContain('2026-11-27');
    expect(own).toMatch(/<td data-head="Next night"><time/);
    expect(own).not.toContain('acme');
    const all = (await read('/catalogues', overseer)).text;
    expect(all).toContain('<td data-head="Tenant">acme');
    expect(all).toContain('<td data-head="Tenant">shop');
    // Each link opens with the key that sees it.
    for (const [text, key] of [
      [own, shop],
      [all, overseer],
    ] as const) {
      const [, link = ''] = /href="([^"]*report\.html)"/.exec(text) ?? [];
      expect((await read(link, key)).status).toBe(200);
    }
  });

  test('a tenant sees its batches with links to their runs and results, and an overseer those of all', async () => {
    await putBatch(harness, BATCH_EXAMPLE_ID, { tenant: 'shop' });
    await putRun(harness, BATCH_EXAMPLE_ID, { tenant: 'shop', isOpen: true });
    await putBatch(harness, OTHER_BATCH, { tenant: 'acme' });
    const own = (await read('/batches', shop)).text;
    expect(own).toContain(`<code>${BATCH_EXAMPLE_ID}</code>`);
    expect(own).not.toContain(OTHER_BATCH);
    const all = (await read('/batches', overseer)).text;
    for (const id of [BATCH_EXAMPLE_ID, OTHER_BATCH]) expect(all).toContain(`<code>${id}</code>`);
    expect(all).toMatch(/<span class="badge queued"><svg.*<\/svg>validating</);
    for (const [text, key] of [
      [own, shop],
      [all, overseer],
    ] as const) {
      const links = [...text.matchAll(/href="(\/v1\/batches\/[^"]*|\/runs\/[^"]*)"/g)].map(
        ([, link = '']) => link,
      );
      expect(links.filter((link) => link.startsWith('/runs/'))).toHaveLength(1);
      for (const link of links) expect((await read(link.replaceAll('&amp;', '&'), key)).status).toBe(200);
    }
  });

  test('the overview and the start page link to both', async () => {
    for (const path of ['/overview', '/start']) {
      const { text } = await read(path, overseer);
      expect(text).toContain('href="/catalogues"');
      expect(text).toContain('href="/batches"');
    }
  });
});
