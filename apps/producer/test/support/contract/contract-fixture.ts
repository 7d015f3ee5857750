import { writeBudget } from '@darkroom/shared/budgets';
import { renderJob } from '@darkroom/shared/queues';
import { type RedrivePlan, RedriveStore } from '@darkroom/shared/redrives';
import {
  type Checkpoint,
  DATA_VERSION,
  type DeadLetter,
  drawRenderId,
  formatNote,
  inputKey,
  type JobRequest,
  type Note,
  type Receipt,
  type StoredImage,
  sha256,
  sumCost,
  thumbnailKey,
} from '@darkroom/shared/render';
import { createRun, RunStore } from '@darkroom/shared/runs';
import sharp from 'sharp';
import { createReportId, writeReport } from '../../../src/reconcile/report-store.ts';
import type { Harness } from '../harness.ts';

/** When the renders of a test were created. Unix milliseconds. */
export const ASKED = Date.UTC(2026, 10, 22, 16, 0, 45, 349);

export const REQUEST: JobRequest = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'Hand-thrown stoneware mug on a linen cloth',
  size: '1:1',
  resolution: '2K',
  images: [],
  priority: 'interactive',
};

const bought = {
  attempt: 1,
  taskId: 'task_img_abc123',
  acceptedAt: ASKED + 400,
  costMicros: 30_000,
  outcome: 'accepted' as const,
  provider: 'toapis' as const,
};

/** A budget that counts no render of a test. */
export const putBudget = ({ store }: Harness, name: string) =>
  writeBudget(store, {
    name,
    limitMicros: 1_000_000,
    per: 'day',
    tenant: 'no-tenant',
    since: ASKED,
    setAt: ASKED,
    actor: 'test',
  });

/** A real image in the store, with its thumbnail. */
export async function putImage(harness: Harness, renderId: string): Promise<StoredImage> {
  const [width, height] = [512, 320];
  const image = sharp({ create: { width, height, channels: 3, background: '#c46a2b' } });
  const bytes = await image.jpeg().toBuffer();
  const key = `images/${renderId}.jpg`;
  await harness.store.put(key, bytes, { contentType: 'image/jpeg' });
  await harness.store.put(thumbnailKey(renderId), await sharp(bytes).resize(256).webp().toBuffer(), {
    contentType: 'image/webp',
  });
  return {
    key,
    sha256: sha256(bytes),
    bytes: bytes.length,
    width,
    height,
    contentType: 'image/jpeg',
    thumbnailKey: thumbnailKey(renderId),
  };
}

const note = (after: number, text: string): Note => ({ at: ASKED + after, text });

/** A render that has ended and has only its receipt. Completed by default. */
export async function putReceipt(harness: Harness, more: Partial<Receipt> = {}): Promise<Receipt> {
  const renderId = more.renderId ?? drawRenderId();
  const completed = (more.status ?? 'completed') === 'completed';
  const receipt: Receipt = {
    version: DATA_VERSION,
    renderId,
    tenant: 'default',
    status: 'completed',
    request: REQUEST,
    fingerprint: sha256(renderId),
    createdAt: ASKED,
    finishedAt: ASKED + 26_761,
    attempts: 1,
    purchases: [bought],
    cost: sumCost([bought]),
    notes: [
      note(120, 'picked up; waits to be submitted'),
      note(420, 'submitted: accepted as task_img_abc123'),
      note(25_300, 'task task_img_abc123 completed after 4 polls; storing'),
      note(26_700, `stored images/${renderId}.jpg: 512x320, 1234 bytes`),
    ],
    ...(completed ? { image: await putImage(harness, renderId) } : {}),
    ...more,
  };
  await harness.ledger.writeDayIndex(receipt);
  await harness.ledger.writeReceipt(receipt);
  return receipt;
}

/** A render in the queue that no worker takes. */
export async function putJob(
  harness: Harness,
  more: Partial<Checkpoint> = {},
  notes: Note[] = [],
): Promise<Checkpoint> {
  const renderId = more.renderId ?? drawRenderId();
  const checkpoint: Checkpoint = {
    version: DATA_VERSION,
    renderId,
    tenant: 'default',
    request: REQUEST,
    fingerprint: sha256(renderId),
    provider: 'toapis',
    creatorToken: 'token',
    createdAt: ASKED,
    updatedAt: ASKED,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
    ...more,
  };
  const { name, data, opts } = renderJob(checkpoint);
  const job = await harness.queues.render.add(name, data, opts);
  for (const one of notes) await job.log(formatNote(one));
  return checkpoint;
}

/** An image that a client of the drop-in endpoint uploaded, by its file name. */
export async function putUpload(harness: Harness, name: string, tenant = 'default'): Promise<void> {
  const digest = name.replace(/\.\w+$/, '');
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#385a7c' } })
    .jpeg()
    .toBuffer();
  await harness.store.put(inputKey(digest), bytes, { contentType: 'image/jpeg' });
  const record = { version: DATA_VERSION, type: 'image/jpeg', bytes: bytes.length, width: 8, height: 8 };
  const recordKey = `uploads/${tenant}/${digest}.json`;
  await harness.store.put(recordKey, JSON.stringify(record), { contentType: 'application/json' });
}

/** The keys of the plans of {@link putRedrives}. The examples name both. */
export const REDRIVE_KEYS = ['5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7', '0a1b2c3d4e5f60718293a4b5c6d7e8f9'] as const;

/** A run without renders; it has finished, unless `isOpen`. */
export async function putRun(
  { store, engine, queues }: Harness,
  id: string,
  { tenant = 'default', isOpen = false }: { tenant?: string; isOpen?: boolean } = {},
): Promise<void> {
  const run = { tenant, id };
  await createRun({ store, engine, queues }, { ...run, createdAt: ASKED, actor: 'a test', name: 'a test' });
  if (isOpen) return;
  const runs = new RunStore(store);
  const cost = sumCost([]);
  await runs.writeClosing(run, 'sealed', { at: ASKED, actor: 'a test' });
  await runs.writeEnd(run, {
    end: 1,
    endedAt: ASKED,
    completed: 0,
    failed: 0,
    canceled: 0,
    cost,
    renderEnds: 0,
  });
  await runs.markEnded(run, 1);
  await engine.runTallies.finish(run, 1);
}

/** The plan and the redrive that the examples name, and the plan that an example executes. Without renders. */
export async function putRedrives(
  { store }: Harness,
  keys: readonly string[] = [REDRIVE_KEYS[0]],
): Promise<void> {
  const redrives = new RedriveStore(store);
  const plan: Omit<RedrivePlan, 'key'> = {
    scope: '*',
    createdAt: ASKED,
    expiresAt: Date.now() + 3_600_000,
    total: 0,
    steps: { submit: 0, hold: 0, poll: 0, store: 0, finish: 0 },
    buys: 0,
    priceMicros: 0,
    acknowledges: 0,
    acknowledgeMicros: 0,
    unknown: 0,
    notFound: [],
  };
  for (const key of REDRIVE_KEYS) await redrives.writePlan({ ...plan, key });
  for (const key of keys) {
    await redrives.writeRecord({
      key,
      scope: '*',
      actor: 'a test',
      createdAt: ASKED,
      total: 0,
      rate: 10,
      acceptDuplicateCharge: false,
      pollAgain: false,
    });
  }
}

/** The dead letter of a render that the queue no longer has. */
export async function putDeadLetter(
  { queues }: Harness,
  renderId: string,
  tenant = 'default',
): Promise<void> {
  const letter: DeadLetter = {
    version: DATA_VERSION,
    renderId,
    tenant,
    failure: { code: 'internal_error', message: 'unexpected', step: 'submit', at: ASKED, chain: [] },
    attempts: 0,
    purchases: [],
    cost: sumCost([]),
    request: REQUEST,
    createdAt: ASKED,
  };
  await queues.deadLetter.add(letter.failure.code, letter, { jobId: renderId });
}

/** The API key that the examples name. */
export async function putKey({ store }: Harness): Promise<void> {
  const key = {
    version: DATA_VERSION,
    id: 'key_9f86d081884c7d65',
    tenant: 'shop',
    roles: ['enqueue', 'read'],
    sha256: sha256('test'),
    createdAt: ASKED,
    createdBy: 'a test',
  };
  await store.put(`access/keys/${key.id}.json`, JSON.stringify(key), { contentType: 'application/json' });
}

/** A past reconciliation. @returns its id */
export async function putReconciliation({ store }: Pick<Harness, 'store'>): Promise<string> {
  const id = createReportId(ASKED, '1a2b3c4d');
  const at = new Date(ASKED).toISOString();
  await writeReport(
    store,
    {
      object: 'reconciliation',
      id,
      created_at: at,
      actor: 'a user of this machine',
      from: '2026-11-22',
      to: '2026-11-22',
      before: { at, balance: '10.000' },
      after: { at, balance: '9.970' },
      top_ups: '0.000',
      charged: '0.030',
      refunded: '0.000',
      possibly_spent: '0.000',
      expected: '0.030',
      actual: '0.030',
      remainder: '0.000',
      result: 'balanced',
      doubts: [],
      resolved: 0,
      unknown: [],
      more_unknown: 0,
      currency: 'USD',
    },
    new AbortController().signal,
  );
  return id;
}
