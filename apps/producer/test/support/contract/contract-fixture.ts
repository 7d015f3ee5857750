import { renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  drawRenderId,
  formatNote,
  inputKey,
  type JobRequest,
  type Note,
  type Receipt,
  type StoredImage,
  sha256,
  thumbnailKey,
} from '@darkroom/shared/render';
import sharp from 'sharp';
import type { Harness } from '../harness.ts';

/** When the renders of a test's world were asked for. Unix milliseconds. */
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
  refunded: false,
  provider: 'toapis' as const,
};

/** A real picture in the store, with its thumbnail. */
export async function putPicture(rig: Harness, renderId: string): Promise<StoredImage> {
  const [width, height] = [512, 320];
  const picture = sharp({ create: { width, height, channels: 3, background: '#c46a2b' } });
  const bytes = await picture.jpeg().toBuffer();
  const key = `images/${renderId}.jpg`;
  await rig.store.put(key, bytes, { contentType: 'image/jpeg' });
  await rig.store.put(thumbnailKey(renderId), await sharp(bytes).resize(256).webp().toBuffer(), {
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

/** A render that ended as a worker writes it down, known by its receipt alone. Completed, if `more` does not say. */
export async function putReceipt(rig: Harness, more: Partial<Receipt> = {}): Promise<Receipt> {
  const renderId = more.renderId ?? drawRenderId();
  const completed = (more.status ?? 'completed') === 'completed';
  const receipt: Receipt = {
    version: 1,
    renderId,
    tenant: 'default',
    status: 'completed',
    request: REQUEST,
    fingerprint: sha256(renderId),
    createdAt: ASKED,
    finishedAt: ASKED + 26_761,
    attempts: 1,
    purchases: [bought],
    costMicros: 30_000,
    notes: [
      note(120, 'picked up; waits for its turn to be submitted'),
      note(420, 'submitted: accepted as task_img_abc123'),
      note(25_300, 'task task_img_abc123 completed after 4 looks; storing'),
      note(26_700, `stored images/${renderId}.jpg: 512x320, 1234 bytes`),
    ],
    ...(completed ? { image: await putPicture(rig, renderId) } : {}),
    ...more,
  };
  await rig.ledger.writeDayIndex(receipt);
  await rig.ledger.writeReceipt(receipt);
  return receipt;
}

/** A render that the queue holds and nobody works on. */
export async function putJob(
  rig: Harness,
  more: Partial<Checkpoint> = {},
  notes: Note[] = [],
): Promise<Checkpoint> {
  const renderId = more.renderId ?? drawRenderId();
  const checkpoint: Checkpoint = {
    version: 1,
    renderId,
    tenant: 'default',
    request: REQUEST,
    fingerprint: sha256(renderId),
    provider: 'toapis',
    creatorToken: 'somebody',
    createdAt: ASKED,
    updatedAt: ASKED,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
    ...more,
  };
  const { name, data, opts } = renderJob(checkpoint);
  const job = await rig.queues.render.add(name, data, opts);
  for (const one of notes) await job.log(formatNote(one));
  return checkpoint;
}

/** An image that a client of the drop-in uploaded, by the name that it has there. */
export async function putUpload(rig: Harness, name: string, tenant = 'default'): Promise<void> {
  const digest = name.replace(/\.\w+$/, '');
  const bytes = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#385a7c' } })
    .jpeg()
    .toBuffer();
  await rig.store.put(inputKey(digest), bytes, { contentType: 'image/jpeg' });
  const record = { type: 'image/jpeg', bytes: bytes.length, width: 8, height: 8 };
  const place = `uploads/${tenant}/${digest}.json`;
  await rig.store.put(place, JSON.stringify(record), { contentType: 'application/json' });
}
