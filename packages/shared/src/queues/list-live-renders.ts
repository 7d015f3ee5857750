import type { Engine } from '../engine/index.ts';
import { type Checkpoint, readCheckpoint } from '../render/index.ts';
import { QUEUE, type Queues } from './queues.ts';

const PAGE = 200;
/** In the order of a render's life; renders that move meanwhile are seen in the later state. */
const LIVE = ['waiting-children', 'prioritized', 'waiting', 'delayed', 'active', 'delayed'] as const;

/** The checkpoints of all renders that have not ended. A render that moves meanwhile may be in it twice. */
export async function* listLiveRenders(
  engine: Pick<Engine, 'readJobTexts'>,
  queues: Pick<Queues, 'render'>,
): AsyncGenerator<Checkpoint[]> {
  for (const state of LIVE) {
    for (let from = 0; ; from += PAGE) {
      const ids = await queues.render.getRanges([state], from, from + PAGE - 1, true);
      const texts = await engine.readJobTexts(QUEUE.render, ids);
      yield texts.flatMap((text) => (text === undefined ? [] : [readCheckpoint(JSON.parse(text))]));
      if (ids.length < PAGE) break;
    }
  }
}
