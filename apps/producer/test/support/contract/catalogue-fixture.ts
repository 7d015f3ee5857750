import { createHash } from 'node:crypto';
import {
  CatalogueRunStore,
  MANIFEST_VERSION,
  type RunEndStatus,
  ScheduleStore,
  uploadedFileKey,
} from '@darkroom/catalogue';
import type { Harness } from '../harness.ts';
import { ASKED } from './contract-fixture.ts';

/** A catalogue file that is valid without uploaded files. */
export const createCatalogueFile = (prompt = 'A photo of {{ sku }}') =>
  `name: shoes\nsource: { path: https://shop.example.com/products.csv }\nkey: sku\nprompt: ${prompt}\n`;

/** A run of the catalogue `shoes`. Without a status, it has not ended. */
export async function putCatalogueRun(
  { store }: Harness,
  { run = '2026-11-20', status }: { run?: string; status?: RunEndStatus } = {},
  tenant = 'default',
): Promise<void> {
  const runs = new CatalogueRunStore(store);
  const id = { tenant, catalogue: 'shoes', run };
  await runs.writeRequest({
    ...id,
    file: createCatalogueFile(),
    files: null,
    accepted: [],
    approved: null,
    actor: 'a test',
    readsBuckets: false,
    createdAt: ASKED,
  });
  const time = new Date(ASKED).toISOString();
  const cost = { spent: '0.000', refunded: '0.000', possibly_spent: '0.000' };
  if (status)
    await runs.writeSummary(id, {
      ...id,
      status,
      reason: null,
      requested_at: time,
      ended_at: time,
      deadline: null,
      rows: 0,
      counts: { items: 0, bought: 0, unchanged: 0, quarantined: 0, not_bought: 0, failed: 0 },
      removed: 0,
      cost,
      guards: [],
      problems: { count: 0, listed: [] },
      manifest: null,
      source: null,
    });
}

/** A run of the catalogue `shoes` that could not deliver items, the last one that has delivered. @returns its name */
export async function putDeliveredRun(
  harness: Harness,
  failures: readonly { status: 'failed' | 'not_bought'; code: string }[],
  { tenant = 'default', run = 'delivered' } = {},
): Promise<string> {
  const runs = new CatalogueRunStore(harness.store);
  const id = { tenant, catalogue: 'shoes', run };
  await putCatalogueRun(harness, { run: id.run }, tenant);
  const inputs = {
    prompt: 'x',
    model: 'm',
    size: null,
    resolution: '1K',
    format: 'jpg' as const,
    references: [],
  };
  const items = failures.map((_, at) => ({
    key: `S-${at}`,
    view: null,
    name: `S-${at}.jpg`,
    line: at + 2,
    hash: `1:${'0'.repeat(64)}`,
    inputs,
  }));
  const cost = { spent: '0.000', refunded: '0.000', possibly_spent: '0.000' };
  await runs.writePlanPart(
    id,
    0,
    items.map((item) => ({ ...item, action: 'buy' as const, references: [], kept: null })),
  );
  await runs.writeResults(
    id,
    0,
    items.map((item, at) => ({
      ...item,
      version: MANIFEST_VERSION,
      status: failures[at]?.status ?? ('failed' as const),
      origin: null,
      run: null,
      render_id: null,
      image: null,
      cost,
      error: { code: failures[at]?.code ?? '', message: 'x' },
      finished_at: null,
    })),
  );
  const source = { sha256: '0'.repeat(64), bytes: 1 };
  const count = items.length;
  await runs.writePlan(id, {
    parts: 1,
    rows: count,
    items: count,
    buys: count,
    removed: 0,
    priceMicros: 0,
    source,
    plannedAt: ASKED,
    deadlineAt: null,
    guards: [],
    quarantine: { count: 0, listed: [] },
  });
  const manifest = { key: 'x', sha256: '0'.repeat(64), bytes: 1, items: count };
  const time = new Date(ASKED).toISOString();
  await runs.writeSummary(id, {
    ...id,
    status: 'partial',
    reason: null,
    requested_at: time,
    ended_at: time,
    deadline: null,
    rows: count,
    counts: { items: count, bought: 0, unchanged: 0, quarantined: 0, not_bought: 0, failed: count },
    removed: 0,
    cost,
    guards: [],
    problems: { count: 0, listed: [] },
    manifest,
    source,
  });
  await runs.removeOpen(id);
  return id.run;
}

/** The schedule of a catalogue. */
export async function putSchedule(
  { store }: Harness,
  catalogue = 'shoes',
  tenant = 'default',
): Promise<void> {
  await new ScheduleStore(store).writeSchedule({
    tenant,
    catalogue,
    file: createCatalogueFile(),
    cron: '0 1 * * *',
    timeZone: 'Europe/Berlin',
    catchUpMs: 21_600_000,
    startGraceMs: 900_000,
    finishBy: null,
    minDurationMs: null,
    ping: {},
    actor: 'a test',
    readsBuckets: false,
    scheduledAt: ASKED,
    since: Date.now(),
  });
}

/** An uploaded file of the catalogue `shoes`, without bytes. */
export async function putCatalogueFile({ store }: Harness, tenant = 'default'): Promise<string> {
  const digest = createHash('sha256').digest('hex');
  await store.put(uploadedFileKey(tenant, 'shoes', digest), '', { contentType: 'application/octet-stream' });
  return digest;
}

/** The run of the catalogue that the examples name, with its report. @returns the name of the run */
export async function putReport({ store }: Harness, tenant = 'default'): Promise<string> {
  const run = 'night-2026-11-26';
  const page = `catalogues/${tenant}/shoes/runs/${run}/report.html`;
  await store.put(page, '<!doctype html>', { contentType: 'text/html' });
  return run;
}
