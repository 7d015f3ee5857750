import type { Engine } from '@darkroom/shared/engine';
import { QUEUE } from '@darkroom/shared/queues';
import {
  createCheckpoint,
  type NewRender,
  randomHex,
  type SerializedCheckpoint,
  serializeCheckpoint,
} from '@darkroom/shared/render';
import pMap from 'p-map';
import type { Infra } from '../stage/index.ts';
import { openRenderRecorder } from './render-recorder.ts';

/** Receipts that are read at the same time. */
const PARALLEL = 25;

/** Adds renders as the producer does. Their inputs must be in the store. */
export interface RenderIntake {
  createRender(
    render: Pick<NewRender, 'renderId' | 'tenant' | 'request'> & { inRun?: true },
  ): SerializedCheckpoint;
  /** Journal first, then the queue (I1). A render that exists stays, so a second call adds none twice. */
  add(renders: readonly SerializedCheckpoint[]): Promise<void>;
  /** Those renders that were never added, or that the queue has lost. The queue forgets ended renders: their receipts stay. */
  findLost(renderIds: readonly string[], signal: AbortSignal): Promise<Set<string>>;
}

export function openRenderIntake(
  infra: Infra,
  queue: {
    engine: Pick<Engine, 'findExistingJobs'>;
    addToQueue(renders: readonly SerializedCheckpoint[]): Promise<void>;
  },
): RenderIntake {
  const { provider, clock, ledger } = infra;
  const record = openRenderRecorder(infra);
  return {
    createRender: (render) =>
      serializeCheckpoint(
        createCheckpoint({
          ...render,
          provider: provider.name,
          creatorToken: randomHex(8),
          now: clock.now(),
        }),
      ),
    add: async (renders) => {
      if (renders.length === 0) return;
      await record(renders);
      await queue.addToQueue(renders);
    },
    findLost: async (renderIds, signal) => {
      const existing = await queue.engine.findExistingJobs(QUEUE.render, renderIds);
      const absent = renderIds.filter((id) => !existing.has(id));
      const lost = await pMap(absent, async (id) => ((await ledger.readReceipt(id, signal)) ? [] : [id]), {
        concurrency: PARALLEL,
        signal,
      });
      return new Set(lost.flat());
    },
  };
}
