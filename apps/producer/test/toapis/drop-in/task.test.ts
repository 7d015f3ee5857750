import { openStore } from '@darkroom/shared/object-store';
import { checkpointSchema, DATA_VERSION, sumCost } from '@darkroom/shared/render';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, requires, service, uniqueS3Url } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import type { ProducerDeps } from '../../../src/index.ts';
import { taskSchema } from '../../../src/toapis/drop-in/schemas.ts';
import { type TaskFacts, toTask } from '../../../src/toapis/drop-in/task.ts';
import { createKey, GENERATIONS, readTask, submit } from '../../support/drop-in-client.ts';
import { type Harness, openHarness } from '../../support/harness.ts';

const facts = (more: Partial<TaskFacts>): TaskFacts => ({
  renderId: 'rnd_0123456789abcdef0123456789abcdef',
  model: 'gemini-3-pro-image-preview',
  status: 'queued',
  progress: 0,
  createdAt: 1_700_000_000_999,
  updatedAt: 1_700_000_005_999,
  ...more,
});

describe('a render as a task', () => {
  test.each([
    ['queued', 0, 'queued', 0],
    ['rendering', 0, 'in_progress', 1],
    ['rendering', 42, 'in_progress', 42],
    ['storing', 99, 'in_progress', 95],
    // Without its image a completed render is not reported as completed.
    ['completed', 100, 'in_progress', 95],
  ] as const)(
    'a %s render with progress %d is a task %s with progress %d',
    (status, progress, expected, shown) => {
      const task = taskSchema.parse(toTask(facts({ status, progress })));
      expect(task).toMatchObject({ status: expected, progress: shown, created_at: 1_700_000_000 });
      expect(task).not.toHaveProperty('result');
    },
  );

  test('the task of a failed render has its code and message, and a canceled render is a failed task', () => {
    const error = {
      code: 'generation_failed' as const,
      message: 'three times',
      step: 'poll' as const,
      chain: [],
    };
    expect(taskSchema.parse(toTask(facts({ status: 'failed', error })))).toMatchObject({
      status: 'failed',
      progress: 0,
      completed_at: 1_700_000_005,
      error: { code: 'generation_failed', message: 'three times' },
    });
    expect(taskSchema.parse(toTask(facts({ status: 'canceled', progress: 60 })))).toMatchObject({
      status: 'failed',
      progress: 0,
      error: { code: 'canceled' },
    });
  });

  test('the task of a completed render has its URL in both fields that clients use, and its expiry', () => {
    const result = { url: 'https://x.example/i.jpg', expiresAt: 1_700_086_405_999 };
    expect(taskSchema.parse(toTask(facts({ status: 'completed' }), result))).toMatchObject({
      status: 'completed',
      progress: 100,
      completed_at: 1_700_000_005,
      expires_at: 1_700_086_405,
      result: { type: 'image', data: [{ url: result.url }] },
      url: result.url,
    });
  });
});

const DAY_MS = 86_400_000;
const bytes = Buffer.from('not an image, but bytes');

/** Submits a render and completes it as a worker does, with an image and a receipt in the store. Returns a function that reads its task. */
async function completeRender(harness: Harness, store: ProducerDeps['store'], auth: Record<string, string>) {
  const ask = { model: 'gemini-3-pro-image-preview', prompt: 'a lighthouse' };
  const { id } = await readTask(await submit(harness, ask, auth));
  const job = await harness.queues.render.getJob(id);
  const { request, fingerprint, createdAt } = checkpointSchema.parse(job?.data);
  const image = {
    key: `images/${id}.png`,
    sha256: 'ab'.repeat(32),
    bytes: bytes.length,
    width: 4,
    height: 3,
    contentType: 'image/png',
    thumbnailKey: `thumbnails/${id}.webp`,
  };
  await store.put(image.key, bytes, { contentType: 'image/png' });
  const receipt = {
    version: DATA_VERSION,
    renderId: id,
    tenant: 'shop',
    status: 'completed',
    request,
    fingerprint,
    createdAt,
    finishedAt: createdAt,
    attempts: 1,
    purchases: [],
    cost: sumCost([]),
    image,
  };
  await store.put(`renders/${id}.json`, JSON.stringify(receipt), { contentType: 'application/json' });
  await job?.remove();
  return async () => {
    const task = await readTask(await harness.get(`${GENERATIONS}/${id}`, auth));
    if (task.status !== 'completed') throw new Error(`the task is ${task.status}`);
    return task;
  };
}

requires('redis').describe('the image of a completed task', () => {
  test('the image of a task can be downloaded without a key until expires_at, and not after it', async () => {
    const { key, auth } = createKey('shop', ['enqueue', 'read']);
    let now = systemClock.now();
    const clock: Clock = { ...systemClock, now: () => now };
    const harness = await openHarness({
      settings: { API_KEYS: [key] },
      wrap: (deps) => ({ ...deps, clock }),
    });
    const readTaskAgain = await completeRender(harness, harness.store, auth);
    const { url, expires_at, result } = await readTaskAgain();
    expect(result.data[0].url).toBe(url);
    expect(Math.abs(expires_at * 1000 - (now + DAY_MS))).toBeLessThan(1_000);

    const fetched = await fetch(url);
    expect([fetched.status, fetched.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(Buffer.from(await fetched.arrayBuffer())).toEqual(bytes);

    now = expires_at * 1000 - 2_000;
    expect((await fetch(url)).status).toBe(200);
    now += 3_000;
    expect((await fetch(url)).status).toBe(401);
    expect((await fetch((await readTaskAgain()).url)).status).toBe(200);
    expect(harness.logs()).not.toContain('signature=');
  });

  test('the image URL of a task starts with PUBLIC_URL', async () => {
    const { key, auth } = createKey('shop', ['enqueue', 'read']);
    const settings = { API_KEYS: [key], PUBLIC_URL: 'https://renders.example/dark' };
    const harness = await openHarness({ settings });
    const { url } = await (await completeRender(harness, harness.store, auth))();
    expect(url).toMatch(/^https:\/\/renders\.example\/dark\/v1\/renders\/rnd_/);
    // A proxy removes the path of PUBLIC_URL.
    const fetched = await fetch(url.replace('https://renders.example/dark', harness.url));
    expect(fetched.status).toBe(200);
  });
});

requires('redis', 's3').test(
  'the image URL of a task in S3 is a signed URL of S3, and expires_at is the time at which it expires',
  async () => {
    const { bucket: _bucket, ...s3 } = service('s3');
    const store = await openStore({ storeUrl: uniqueS3Url(), dataDir: 'unused', s3, clock: systemClock });
    cleanup(() => store.close());
    const { key, auth } = createKey('shop', ['enqueue', 'read']);
    const harness = await openHarness({
      settings: { API_KEYS: [key] },
      wrap: (deps) => ({ ...deps, store }),
    });
    const { url, expires_at } = await (await completeRender(harness, store, auth))();
    const { origin, searchParams } = new URL(url);
    expect(origin).toBe(new URL(s3.endpoint).origin);
    const signed = (searchParams.get('X-Amz-Date') ?? '').replace(
      /^(....)(..)(..)T(..)(..)(..)Z$/,
      '$1-$2-$3T$4:$5:$6Z',
    );
    expect(expires_at).toBe(Date.parse(signed) / 1000 + Number(searchParams.get('X-Amz-Expires')));
    expect(Number(searchParams.get('X-Amz-Expires'))).toBe(DAY_MS / 1000);
    expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(bytes);
  },
);
