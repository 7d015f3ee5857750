import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { type Checkpoint, DATA_VERSION, type JobRequest, sumCost } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import sharp from 'sharp';
import { request } from 'undici';
import type { IoKind, SkeletonOptions } from '../skeleton-options.ts';

/** A task at the provider. */
export interface Task {
  id: string;
  url: string;
}

/** The I/O of the skeleton's steps. A step does only the kinds that the options select. */
export interface SkeletonIo {
  submit(renderId: string, wanted: JobRequest): Promise<Task>;
  poll(renderId: string, task: Task, last: boolean): Promise<void>;
  store(renderId: string, task: Task): Promise<{ key: string }>;
  finish(checkpoint: Checkpoint, image: { key: string }): Promise<void>;
}

// The worker's settings.
sharp.cache(false);
sharp.concurrency(1);

export async function openSkeletonIo(options: SkeletonOptions): Promise<SkeletonIo> {
  const has = (kind: IoKind) => options.io.includes(kind);
  const dataDir = options.dataDir ?? '';
  const store = has('ledger') || has('image') ? await openStore({ dataDir, clock: systemClock }) : undefined;
  const ledger = store && has('ledger') ? new Ledger(store, systemClock) : undefined;
  const headers = { authorization: 'Bearer sim-key', 'content-type': 'application/json' };
  const tasks = `${options.upstream}/v1/images/generations`;
  const sample = has('image') ? await drawTinyImage() : Buffer.alloc(0);

  return {
    submit: async (renderId, wanted) => {
      if (ledger) {
        await ledger.attemptState(renderId, 1);
        await ledger.claim(
          { renderId, attempt: 1, claim: 1 },
          {
            owner: renderId,
            provider: 'toapis',
            claimedBy: 'bench',
            request: wanted,
          },
        );
      }
      let id = `task-${renderId}`;
      if (has('http')) {
        const { model, prompt, resolution } = wanted;
        const body = JSON.stringify({ model, prompt, n: 1, resolution, client_business_id: renderId });
        const answer = await request(tasks, { method: 'POST', headers, body });
        id = ((await answer.body.json()) as { id: string }).id;
      }
      await ledger?.writeAcceptance(renderId, 1, {
        taskId: id,
        acceptedAt: 0,
        costMicros: 0,
        provider: 'toapis',
        source: 'answer',
      });
      return { id, url: `${options.upstream}/generated/${id}.jpg` };
    },
    poll: async (renderId, task, last) => {
      if (has('http')) await (await request(`${tasks}/${task.id}`, { headers })).body.json();
      if (last) await ledger?.writeResult(renderId, 1, { url: task.url, expiresAt: 0 });
    },
    store: async (renderId, task) => {
      await ledger?.readResult(renderId, 1);
      const bytes = has('http') ? Buffer.from(await (await request(task.url)).body.arrayBuffer()) : sample;
      const key = `images/${renderId}.png`;
      if (!has('image') || !store) return { key };
      const path = join(dataDir, `${renderId}.part`);
      await writeFile(path, bytes);
      const { width, height } = await sharp(path).metadata();
      const small = await sharp(path, { failOn: 'truncated', sequentialRead: true })
        .extract({ left: 0, top: 0, width, height })
        .resize(256, 256, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 78 })
        .toBuffer();
      await store.put(key, await readFile(path), { contentType: 'image/png' });
      await store.head(key);
      await store.put(`thumbnails/${renderId}.webp`, small, { contentType: 'image/webp' });
      await rm(path);
      return { key };
    },
    finish: async (checkpoint, image) => {
      const { renderId, tenant, request: asked, fingerprint, createdAt, attempt, purchases } = checkpoint;
      const base = {
        version: DATA_VERSION,
        renderId,
        tenant,
        request: asked,
        fingerprint,
        createdAt,
        purchases,
      };
      const facts = {
        sha256: '',
        bytes: 0,
        width: 1,
        height: 1,
        contentType: 'image/png',
        thumbnailKey: '',
      };
      await ledger?.writeReceipt({
        ...base,
        status: 'completed',
        finishedAt: createdAt,
        attempts: attempt,
        cost: sumCost([]),
        image: { ...image, ...facts },
      });
    },
  };
}

const drawTinyImage = () =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: '#345' } })
    .png()
    .toBuffer();
