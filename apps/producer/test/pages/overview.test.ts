import { createApiKey, type Role } from '@darkroom/shared/keys';
import { tenantLine } from '@darkroom/shared/queues';
import { DATA_VERSION, type DeadLetter } from '@darkroom/shared/render';
import { openPage, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { putCompleted } from '../support/completed-renders.ts';
import { createCheckpoint, enqueue } from '../support/fake-worker.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { createRenderAt, createRequest, enterRender } from '../support/listed-renders.ts';

const read = async (harness: Harness, path: string, headers: Record<string, string> = {}) => {
  const response = await harness.get(path, { accept: 'text/html', ...headers });
  return { status: response.status, text: await response.text() };
};

const pause = (harness: Harness, reason: string) =>
  fetch(`${harness.url}/v1/queues/submit/pause`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reason }),
  });

async function bury(harness: Harness, more: Partial<DeadLetter> = {}) {
  const { version, renderId, tenant, request, purchases, createdAt } = createCheckpoint();
  const failure = {
    code: 'submission_unknown' as const,
    message: 'lost',
    step: 'hold' as const,
    at: 1,
    chain: [],
  };
  const cost = { spentMicros: 0, refundedMicros: 0, possiblySpentMicros: 0 };
  const letter = {
    version,
    renderId,
    tenant,
    request,
    purchases,
    createdAt,
    failure,
    cost,
    attempts: 1,
    ...more,
  };
  await harness.queues.deadLetter.add('submission_unknown', letter, { jobId: renderId });
}

requires('redis').describe('the overview', () => {
  test('an idle deployment shows its empty states, and that nothing needs an operator', async () => {
    const harness = await openHarness();
    const { status, text } = await read(harness, '/');
    expect(status).toBe(200);
    for (const content of [
      'Nothing needs an operator.',
      'No render has ended in the last hour.',
      'There is no image yet.',
      'No operator has changed anything.',
    ]) {
      expect(text).toContain(content);
    }
  });

  test('a pause has its reason and actor, dead letters their reason, and urgent images are counted', async () => {
    const harness = await openHarness();
    await pause(harness, 'maintenance <until> 18:00');
    await bury(harness, { resultExpiresAt: Date.now() + 600_000 });
    await bury(harness, { resultExpiresAt: Date.now() + 86_400_000 });
    const { text } = await read(harness, '/overview');
    for (const content of [
      'The queue submit is paused',
      'maintenance &lt;until&gt; 18:00 (a user of this machine, for',
      '2 failed: The outcome of the submission is unknown',
      '1 of them have a paid image',
      'Paid images expire within two hours: 1',
      '0 wait to be stored, 1 need a redrive.',
      '<code>queue.pause</code>',
    ]) {
      expect(text).toContain(content);
    }
  });

  test('repairs of sweeps are shown, and images that expire are a metric', async () => {
    const harness = await openHarness();
    await bury(harness, { resultExpiresAt: Date.now() + 600_000 });
    const { queues } = harness;
    await queues.maintenance.add('sweep', { version: 4, chore: 'sweep' } as never);
    const worker = harness.engine.worker('maintenance', async () => ({ repairs: { render_added: 2 } }));
    await until(async () => (await queues.maintenance.getCompletedCount()) === 1);
    await worker.close();
    const { text } = await read(harness, '/overview');
    expect(text).toContain('2 × an accepted render was not in the queue');
    const metrics = (await read(harness, '/metrics')).text;
    expect(metrics).toContain('darkroom_expiring_images{state="failed"} 1');
    expect(metrics).toContain('darkroom_expiring_images{state="storing"} 0');
  });

  test('each lane has the time at which its backlog is complete', async () => {
    const harness = await openHarness({ settings: { TOAPIS_SUBMIT_PER_SECOND: 1 } });
    await putCompleted(harness, { tookMs: 118_000 });
    await enqueue(harness, createCheckpoint());
    const { text } = await read(harness, '/overview');
    expect(text).toMatch(/Backlog, interactive.*ready in about (2 min 0\d|1 min 5\d) s, nine of ten/s);
    expect(text).not.toContain('Backlog, batch');
  });

  test('tenants that wait together are shown with their shares, and one that waits alone is not', async () => {
    const harness = await openHarness({
      settings: { TENANT_SHARES: [{ tenant: 'acme', value: '3' }] },
    });
    const { request } = createCheckpoint();
    const add = (tenant: string, count: number, lane: 'interactive' | 'batch') =>
      harness.queues.submit.addBulk(
        Array.from({ length: count }, (_, at) => ({
          name: '1K',
          data: {
            version: DATA_VERSION,
            renderId: `rnd_${at}`,
            provider: 'toapis',
            attempt: 1,
            tenant,
            request: { ...request, priority: lane },
          } as const,
          opts: { jobId: `${tenant}-${lane}-${at}.s1`, priority: tenantLine(lane, tenant) },
        })),
      );
    await add('acme', 8, 'batch');
    await add('third', 2, 'interactive');
    expect((await read(harness, '/overview')).text).not.toContain('Tenants that share the quota');
    await add('other', 5, 'batch');
    await until(async () => (await read(harness, '/overview')).text.includes('Tenants that share the quota'));
    const { text } = await read(harness, '/overview');
    const cells = (tenant: string) =>
      text
        .match(new RegExp(`tenant=${tenant}".*?</tr>`, 's'))?.[0]
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ');
    expect(cells('acme')).toContain('8 3 75 %');
    expect(cells('other')).toContain('5 1 25 %');
    expect(cells('third')).toBeUndefined();
  });

  test('waiting renders are counted by lane, with the one that has waited longest', async () => {
    const harness = await openHarness();
    const old = createCheckpoint({ createdAt: Date.now() - 300_000 });
    const batch = { ...createCheckpoint().request, priority: 'batch' as const };
    await enqueue(
      harness,
      createCheckpoint(),
      { ...old, request: batch },
      createCheckpoint({ request: batch }),
    );
    expect(await harness.engine.countPriorities('render')).toContainEqual({
      priority: tenantLine('batch', 'default'),
      count: 2,
    });
    const { text } = await read(harness, '/overview');
    expect(text).toContain('1 interactive, 2 batch');
    expect(text).toContain('Backlog, interactive');
    expect(text).toContain('no ETA: too few renders have completed');
    expect(text).toMatch(
      new RegExp(`/renders/${old.renderId}"><span>Oldest waiting render</span><strong>5 min 0`),
    );
  });

  test('only operators of all tenants see it; other callers of / see the start page', async () => {
    const [operator, reader] = [createApiKey(), createApiKey()];
    const keyOf = (tenant: string, roles: Role[], { sha256 }: { sha256: string }) => ({
      tenant,
      roles,
      sha256,
    });
    const harness = await openHarness({
      settings: { API_KEYS: [keyOf('*', ['read', 'operate'], operator), keyOf('shop', ['read'], reader)] },
    });
    const as = ({ text }: { text: string }) => ({ authorization: `Bearer ${text}` });
    expect((await read(harness, '/', as(operator))).text).toContain('<h1>Overview</h1>');
    expect((await read(harness, '/', as(reader))).text).toContain('<h1>Darkroom</h1>');
    expect((await read(harness, '/')).text).toContain('<h1>Darkroom</h1>');
    expect((await read(harness, '/overview', as(reader))).status).toBe(403);
    expect((await read(harness, '/overview/events', as(reader))).status).toBe(403);
    expect((await read(harness, '/renders', as(reader))).status).toBe(200);
    expect((await read(harness, '/audit', as(reader))).status).toBe(403);
  });
});

requires('redis', 'browser').test(
  'an open overview shows a new pause without a reload, and the console has no error',
  async () => {
    const harness = await openHarness();
    const { page, troubles } = await openPage();
    await page.goto(`${harness.url}/`);
    await page.getByText('Nothing needs an operator.').waitFor();
    await pause(harness, 'maintenance');
    await page.getByText('The queue submit is paused').waitFor();
    expect(troubles).toEqual([]);
  },
);

requires('redis').describe('the page of renders', () => {
  test('it has the filters of the API, and a next page', async () => {
    const harness = await openHarness();
    const now = Date.now();
    for (let at = 0; at < 50; at++)
      await enterRender(harness, createRenderAt(now - at, { request: createRequest('a') }), 'failed');
    const other = createRenderAt(now - 100, { request: createRequest('b') });
    await enterRender(harness, other, 'canceled');
    const first = await read(harness, '/renders?run=a&status=');
    expect(first.text.match(/class="tile"/g)).toHaveLength(48);
    const next =
      /href="(\/renders\?[^"]*cursor=[^"]*)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect((await read(harness, next)).text.match(/class="tile"/g)).toHaveLength(2);
    const canceled = await read(harness, '/renders?status=canceled');
    expect(canceled.text).toContain(`/renders/${other.renderId}"`);
    expect(canceled.text.match(/class="tile"/g)).toHaveLength(1);
    expect((await read(harness, '/renders?run=none')).text).toContain('No render matches the filters.');
  });

  test('an id leads to the page of its render, and a wrong filter is explained', async () => {
    const harness = await openHarness();
    const render = createCheckpoint();
    await enqueue(harness, render);
    const found = await fetch(`${harness.url}/renders?id=${render.renderId}`);
    expect([found.status, found.url]).toEqual([200, `${harness.url}/renders/${render.renderId}`]);
    const wrong = await read(harness, '/renders?created_after=yesterday');
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('ISO 8601');
  });
});

requires('redis').test('the page of the audit log shows who changed what, and links the target', async () => {
  const harness = await openHarness();
  await pause(harness, 'first');
  await pause(harness, 'second');
  await until(async () => (await read(harness, '/audit')).text.includes('second'));
  const { text } = await read(harness, '/audit');
  expect(text).toContain('href="/queues/queue/submit"');
  expect(text).toContain('reason: first → second');
});

requires('redis').test('the page of a render shows what operators did to it', async () => {
  const harness = await openHarness();
  const render = createCheckpoint();
  await enqueue(harness, render);
  const path = `/renders/${render.renderId}`;
  expect((await read(harness, path)).text).not.toContain('Actions of operators');
  await fetch(`${harness.url}/v1${path}/cancel`, { method: 'POST' });
  const { text } = await read(harness, path);
  expect(text).toContain('Actions of operators');
  expect(text).toContain('<code>render.cancel</code>');
});
