import { appRoutes } from '@bull-board/api/dist/routes.js';
import { PAUSABLE_QUEUES } from '@darkroom/api';
import { QUEUE, type Queues, renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  type DeadLetter,
  drawRenderId,
  sumCost,
} from '@darkroom/shared/render';
import { latch, requires } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { dashboardRequestError, ROUTE_RULES } from '../../src/dashboard/allowed-changes.ts';
import {
  formatDeadLetterData,
  formatDeadLetterName,
  formatRenderName,
  formatWebhookData,
  formatWebhookName,
  linkToPage,
} from '../../src/dashboard/presentation.ts';
import { QUEUE_VIEWS } from '../../src/dashboard/queue-views.ts';
import { type Harness, openHarness } from '../support/harness.ts';

const request = {
  model: 'gemini-3-pro-image-preview' as const,
  prompt: 'a very long story about\na lighthouse that no one has ever kept, seen at dusk from the sea',
  size: '16:9' as const,
  resolution: '2K' as const,
  images: [],
  priority: 'batch' as const,
};
const letter = (renderId: string): DeadLetter => ({
  version: DATA_VERSION,
  renderId,
  tenant: 'default',
  failure: {
    code: 'content_policy_violation',
    message: 'The provider rejected https://user:hunter22@files.example.com/a.png?sig=topsecret',
    step: 'submit',
    at: 1_700_000_000_000,
    chain: ['Error: Bearer sk-topsecret-123456', 'data:image/png;base64,AAAAAAAAAAAAAAAAAAAAAAAA'],
  },
  attempts: 1,
  purchases: [],
  cost: { ...sumCost([]), spentMicros: 25_000 },
  request,
  createdAt: 1_700_000_000_000,
});

interface BoardQueue {
  name: string;
  statuses: string[];
  counts: Record<string, number>;
  jobs: { id: string; name: string; data: Record<string, unknown>; externalUrl?: { href: string } }[];
}

async function board(harness: Harness, queue: string): Promise<BoardQueue> {
  const response = await harness.get(`/queues/api/queues?activeQueue=${queue}&page=1&jobsPerPage=10`);
  expect(response.status).toBe(200);
  const { queues } = (await response.json()) as { queues: BoardQueue[] };
  expect(queues.map(({ name }) => name)).toEqual([
    'render',
    'submit',
    'store',
    'dead-letter',
    'webhook',
    'webhook-dead-letter',
    'cancel',
    'stop',
    'restore',
    'redrive',
    'run',
    'catalogue',
    'batch',
    'worker',
    'maintenance',
  ]);
  return queues.find(({ name }) => name === queue) as BoardQueue;
}

requires('redis').describe('the dashboard', () => {
  test('the dashboard loads nothing from other hosts', async () => {
    const harness = await openHarness();
    for (const path of [
      '/queues',
      '/queues/',
      '/queues/queue/render',
      `/queues/queue/render/${drawRenderId()}`,
    ]) {
      const response = await harness.get(path);
      expect(response.status).toBe(200);
      const page = await response.text();
      expect(page).toContain('Darkroom');
      expect(page).not.toMatch(/(href|src)="https?:/);
    }
    expect((await harness.get('/')).status).toBe(200);
  });

  test('a prompt can contain parts of a page', async () => {
    const harness = await openHarness();
    const prompt = 'a poster that says "</head><link href="https://fonts.example/">"';
    await harness.post({ prompt });
    const [job] = (await board(harness, 'render')).jobs;
    expect(job?.data).toMatchObject({ request: { prompt } });
  });

  test('the dashboard shows a render by its prompt, with its request', async () => {
    const harness = await openHarness();
    await harness.post({ prompt: request.prompt, size: '16:9', resolution: '2K', priority: 'batch' });
    const [job] = (await board(harness, 'render')).jobs;
    expect(job?.name).toBe(
      '“a very long story about a lighthouse that no one has ever k…” · 16:9 · 2K · batch',
    );
    expect(job?.data).toMatchObject({ at: { step: 'submit' }, request: { size: '16:9' } });
    expect(job?.data).not.toHaveProperty('creatorToken');
    expect(job?.externalUrl?.href).toBe(`/renders/${job?.id}`);
  });

  test('the dashboard shows the event and the host of a webhook, but not its URL', async () => {
    const harness = await openHarness();
    const renderId = drawRenderId();
    const message = {
      version: DATA_VERSION,
      renderId,
      tenant: 'default',
      status: 'completed' as const,
      to: { kind: 'url' as const, url: 'https://shop.example.com/hooks/hidden-path' },
      endedAt: 1_700_000_000_000,
      lastError: 'the receiver answered 500',
    };
    await harness.queues.webhook.add('completed', message, { jobId: 'msg_1' });
    const letter = { ...message, attempts: 12, diedAt: 1_700_000_100_000 };
    await harness.queues.webhookDeadLetter.add('completed', letter, { jobId: 'msg_2' });
    const marker = { version: DATA_VERSION, renderId, tenant: 'default', requestedAt: 1_700_000_000_000 };
    await harness.queues.cancel.add('cancel', marker, { jobId: renderId });
    for (const queue of ['webhook', 'webhook-dead-letter']) {
      const [job] = (await board(harness, queue)).jobs;
      expect(job?.name).toBe('render.completed → shop.example.com');
      expect(job?.data).toMatchObject({ to: 'shop.example.com', lastError: 'the receiver answered 500' });
      expect(job?.externalUrl?.href).toBe(`/renders/${renderId}`);
      expect(JSON.stringify(job)).not.toContain('hidden-path');
      const detail = await (await harness.get(`/queues/api/queues/${queue}/${job?.id}`)).text();
      expect(detail).not.toContain('hidden-path');
    }
    const [cancel] = (await board(harness, 'cancel')).jobs;
    expect(cancel?.name).toBe('requested 2023-11-14T22:13:20.000Z');
  });

  test('the dashboard shows dead letters as failed, not as waiting, and removes them', async () => {
    const harness = await openHarness();
    const id = drawRenderId();
    await harness.queues.deadLetter.add('dead', letter(id), { jobId: id });
    const message = { version: DATA_VERSION, renderId: id, tenant: 'default', status: 'failed' as const };
    const to = { kind: 'url' as const, url: 'https://shop.example.com/hooks' };
    const times = { endedAt: 1, diedAt: 2, attempts: 8, lastError: 'HTTP 500' };
    await harness.queues.webhookDeadLetter.add('failed', { ...message, to, ...times }, { jobId: 'msg_1' });
    for (const [queue, job, reason] of [
      ['dead-letter', id, 'content_policy_violation: The provider rejected '],
      ['webhook-dead-letter', 'msg_1', 'HTTP 500'],
    ] as const) {
      const { statuses, counts, jobs } = await board(harness, queue);
      expect(statuses).toEqual(['latest', 'failed']);
      expect(counts).toEqual({ failed: 1 });
      expect(jobs.map((one) => one.id)).toEqual([job]);
      const detail = await (await harness.get(`/queues/api/queues/${queue}/${job}`)).json();
      expect(detail).toMatchObject({
        status: 'failed',
        job: { isFailed: true, failedReason: expect.stringContaining(reason) },
      });
      expect(JSON.stringify(jobs)).toContain(reason);
      expect(JSON.stringify([jobs, detail])).not.toMatch(/topsecret|hunter22|AAAAAA/);
      const removed = await fetch(`${harness.url}/queues/api/queues/${queue}/${job}/clean`, {
        method: 'PUT',
      });
      expect(removed.status).toBe(204);
      expect((await board(harness, queue)).counts).toEqual({ failed: 0 });
    }
    // Other queues keep their states.
    expect((await board(harness, 'cancel')).statuses).toContain('waiting');
  });

  test('the dashboard shows dead letters readably and without secrets', async () => {
    const harness = await openHarness();
    const id = drawRenderId();
    await harness.queues.deadLetter.add('content_policy_violation', letter(id), { jobId: id });
    const [job] = (await board(harness, 'dead-letter')).jobs;
    expect(job?.name).toMatch(/^content_policy_violation at submit · “a very long story/);
    expect(job?.data).toMatchObject({
      code: 'content_policy_violation',
      cost: '$0.025 spent',
      died: '2023-11-14T22:13:20.000Z',
    });
    expect(job?.externalUrl?.href).toBe(`/queues/queue/render/${id}`);
    const detail = await (await harness.get(`/queues/api/queues/dead-letter/${id}`)).text();
    for (const secret of ['topsecret', 'hunter22', 'AAAAAAAA']) {
      expect(JSON.stringify(job)).not.toContain(secret);
      expect(detail).not.toContain(secret);
    }
  });

  test('the dashboard shows no secret in the log, stack and failure reason of a job', async () => {
    const harness = await openHarness();
    const renderId = drawRenderId();
    const { name, data, opts } = renderJob({ renderId, tenant: 'default', request } as unknown as Checkpoint);
    const job = await harness.queues.render.add(name, data, opts);
    await job.log('fetched https://files.example.com/a.png?sig=topsecret');
    const worker = harness.engine.worker('render', async () => {
      throw new Error('no answer from https://files.example.com/a.png?sig=topsecret');
    });
    await new Promise((done) => worker.once('failed', done));
    await worker.close();
    for (const path of [`render/${renderId}`, `render/${renderId}/logs`]) {
      const body = await (await harness.get(`/queues/api/queues/${path}`)).text();
      expect(body).toContain('files.example.com/a.png?[redacted]');
      expect(body).not.toContain('topsecret');
    }
  });

  test('the dashboard can pause a queue, but cannot drop, create or change a render', async () => {
    const harness = await openHarness();
    const { id } = (await (await harness.post({ prompt: 'x' })).json()) as { id: string };
    const change = (method: string, path: string) =>
      fetch(`${harness.url}/queues/api/queues/${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    const rejected: [string, string][] = [
      ['PUT', `render/${id}/clean`],
      ['PUT', 'render/empty'],
      ['PUT', 'render/obliterate'],
      ['PUT', 'render/clean/prioritized'],
      ['POST', 'render/add'],
      ['PATCH', `render/${id}/update-data`],
      ['PUT', 'submit/rate-limit'],
      ['PUT', 'submit/concurrency'],
    ];
    for (const [method, path] of rejected) {
      const response = await change(method, path);
      expect([path, response.status]).toEqual([path, 403]);
      expect(await response.json()).toMatchObject({ message: expect.any(String) });
    }
    expect(await harness.jobCount()).toBe(1);
    expect((await change('PUT', 'submit/pause')).status).toBe(200);
    expect(await harness.queues.submit.isPaused()).toBe(true);
  });
});

requires('redis').describe('a retry on the dashboard', () => {
  /** Jobs of a queue that have ended: half of them completed, half of them failed. */
  async function openWithEndedJobs(queue: 'render' | 'webhook') {
    const harness = await openHarness();
    const ids = { completed: drawRenderId(), failed: drawRenderId() };
    const { name, data } = renderJob({
      renderId: ids.completed,
      tenant: 'default',
      request,
    } as unknown as Checkpoint);
    for (const jobId of Object.values(ids))
      await harness.queues[queue].add(name as never, data as never, { jobId });
    let ended = 0;
    const all = latch();
    const worker = harness.engine.worker(queue, async (job) => {
      if (job.id === ids.failed) throw new UnrecoverableError('the provider refused it');
      return {};
    });
    for (const event of ['completed', 'failed'] as const) {
      worker.on(event as 'completed', () => {
        if (++ended === 2) all.open();
      });
    }
    await all.wait();
    await worker.close();
    const retry = (path: string) =>
      fetch(`${harness.url}/queues/api/queues/${queue}/${path}`, { method: 'PUT' });
    const state = (id: string) => harness.queues[queue].getJobState(id);
    return { ids, retry, state };
  }

  test.each(['render', 'webhook'] as const)(
    'a retry of a completed job of queue %s is rejected, and its receivers get nothing twice',
    async (queue) => {
      const { ids, retry, state } = await openWithEndedJobs(queue);
      const one = await retry(`${ids.completed}/retry`);
      expect([one.status, await one.json()]).toEqual([
        409,
        expect.objectContaining({ message: 'Only failed jobs can be retried. This job is completed.' }),
      ]);
      expect((await retry('retry/completed')).status).toBe(403);
      expect(await state(ids.completed)).toBe('completed');
    },
  );

  test.each(['render', 'webhook'] as const)(
    'a retry of a failed job of queue %s runs it again',
    async (queue) => {
      const { ids, retry, state } = await openWithEndedJobs(queue);
      expect((await retry(`${ids.failed}/retry`)).status).toBe(204);
      expect(await state(ids.failed)).not.toBe('failed');
      // It waits now: another retry has nothing to do.
      expect((await retry(`${ids.failed}/retry`)).status).toBe(409);
      expect((await retry(`${drawRenderId()}/retry`)).status).toBe(404);
    },
  );

  test('a webhook that was delivered by a later try is not shown as failed', async () => {
    const harness = await openHarness();
    const delivered = latch();
    const worker = harness.engine.worker('webhook', async (job) => {
      if (job.attemptsMade === 0) throw new Error('the receiver answered 500');
      return {};
    });
    worker.on('completed', () => delivered.open());
    await harness.queues.webhook.add('completed' as never, {} as never, { jobId: 'msg_1', attempts: 2 });
    await delivered.wait();
    await worker.close();
    const { jobs } = await board(harness, 'webhook');
    expect(jobs).toMatchObject([{ id: 'msg_1', isFailed: false }]);
    const detail = await (await harness.get('/queues/api/queues/webhook/msg_1')).json();
    expect(detail).toMatchObject({ status: 'completed', job: { isFailed: false } });
    // What happened before is still shown.
    expect(JSON.stringify([jobs, detail])).toContain('the receiver answered 500');
  });

  test('a retry of all failed jobs leaves the completed ones alone', async () => {
    const { ids, retry, state } = await openWithEndedJobs('render');
    const response = await retry('retry/failed');
    expect([response.status, await response.json()]).toEqual([200, { retried: 1, skipped: 0 }]);
    expect(await state(ids.completed)).toBe('completed');
  });
});

describe('the requests to the dashboard', () => {
  const Q = '/api/queues/:queueName';

  test('every route of Bull Board has a rule, and every rule has a route', () => {
    const routes = appRoutes.api.flatMap(({ method, route }) =>
      [method].flat().flatMap((one) => [route].flat().map((path) => `${one} ${path}`)),
    );
    expect(Object.keys(ROUTE_RULES).sort()).toEqual(routes.sort());
  });

  test('exactly the queues that the API pauses can be paused', () => {
    const pausable = (Object.keys(QUEUE_VIEWS) as (keyof Queues)[]).filter((queue) =>
      QUEUE_VIEWS[queue].changes.includes('pause'),
    );
    expect(pausable.map((queue) => QUEUE[queue])).toEqual([...PAUSABLE_QUEUES]);
  });

  test.each([
    ['put', `${Q}/:jobId/retry`, 'render', undefined, true],
    ['put', `${Q}/:jobId/retry`, 'submit', undefined, false],
    ['put', `${Q}/retry/:queueStatus`, 'render', 'failed', true],
    ['put', `${Q}/retry/:queueStatus`, 'render', 'completed', false],
    ['put', `${Q}/:jobId/clean`, 'dead-letter', undefined, true],
    ['put', `${Q}/:jobId/clean`, 'render', undefined, false],
    ['put', `${Q}/clean/:queueStatus`, 'render', 'completed', true],
    ['put', `${Q}/clean/:queueStatus`, 'restore', 'completed', false],
    ['put', `${Q}/:jobId/retry`, 'webhook', undefined, true],
    ['put', `${Q}/retry/:queueStatus`, 'webhook', 'failed', true],
    ['put', `${Q}/:jobId/retry`, 'webhook-dead-letter', undefined, false],
    ['put', `${Q}/:jobId/clean`, 'webhook', undefined, false],
    ['put', `${Q}/:jobId/clean`, 'webhook-dead-letter', undefined, true],
    ['put', `${Q}/:jobId/clean`, 'cancel', undefined, false],
    ['put', `${Q}/clean/:queueStatus`, 'render', 'failed', false],
    ['put', `${Q}/pause`, 'submit', undefined, true],
    ['put', `${Q}/resume`, 'submit', undefined, true],
    ['put', `${Q}/pause`, 'restore', undefined, false],
    ['put', '/api/queues/pause', undefined, undefined, false],
    ['put', `${Q}/:jobId/promote`, 'render', undefined, true],
    ['put', `${Q}/promote`, 'stop', undefined, false],
    ['put', `${Q}/promote`, 'unknown', undefined, false],
    ['put', `${Q}/some/new/thing`, 'render', undefined, false],
    ['get', `${Q}/some/new/thing`, 'render', undefined, false],
    ['get', `${Q}/:jobId`, 'render', undefined, true],
  ])(
    'dashboardRequestError() decides about %s %s of %s %s',
    (method, route, queueName, queueStatus, allowed) => {
      expect(dashboardRequestError({ method, route, queueName, queueStatus }) === undefined).toBe(allowed);
    },
  );
});

describe('the presentation of a job', () => {
  test.each([undefined, null, 5, 'x', [], {}, { request: 7 }, { request: { prompt: 5 } }, { failure: null }])(
    'the presentation of a job accepts unexpected data: %o',
    (data) => {
      const job = { name: 'plain', data, returnvalue: data };
      expect(formatRenderName(job)).toBe('plain');
      expect(formatDeadLetterName(job)).toBe('plain');
      expect(formatDeadLetterData(data)).toEqual(data);
      expect(formatWebhookName(job)).toBe('plain');
      expect(formatWebhookData(data)).toEqual(data);
      expect(linkToPage(job)).toBeUndefined();
    },
  );
});
