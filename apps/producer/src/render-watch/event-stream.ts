import type { ProgressEvent, RenderResponse } from '@darkroom/api';
import type { Clock } from '@darkroom/shared/runtime';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { hasEnded } from '../lookup/index.ts';

/** Milliseconds without an event after which a comment shows that we are still here. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds after which readers come again when the stream breaks. */
const RETRY_MS = 2_000;

/**
 * Standings of a render as server-sent events, as text.
 *
 * Asks for the next snapshot when what was written has gone out, and not before: a slow reader misses what happened in
 * between, and nothing piles up here.
 */
export async function* formatEventStream(
  first: IteratorResult<RenderSnapshot, void>,
  snapshots: AsyncGenerator<RenderSnapshot, void, void>,
  tell: (snapshot: RenderSnapshot) => Promise<RenderResponse>,
  clock: Clock,
): AsyncGenerator<string, void, void> {
  let before: RenderSnapshot | undefined;
  let number = 0;
  let saidAt = clock.now();
  const event = (name: string, data: unknown, { updatedAt }: RenderSnapshot) => {
    saidAt = clock.now();
    return `id: ${updatedAt}-${++number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  };
  try {
    for (let next = first; !next.done; next = await snapshots.next()) {
      const snapshot = next.value;
      if (!before) yield `retry: ${RETRY_MS}\n\n`;
      if (snapshot.status !== before?.status) yield event('status', await tell(snapshot), snapshot);
      else if (snapshot.progress !== before.progress)
        yield event('progress', toProgressEvent(snapshot), snapshot);
      else if (clock.now() - saidAt >= HEARTBEAT_MS) {
        saidAt = clock.now();
        yield ': still here\n\n';
      }
      before = snapshot;
      if (!hasEnded(snapshot)) continue;
      const render = await tell(snapshot);
      if (render.image) yield event('image', render.image, snapshot);
      yield event('end', render, snapshot);
    }
  } finally {
    await snapshots.return();
  }
}

const toProgressEvent = ({ renderId, status, progress }: RenderSnapshot): ProgressEvent => ({
  id: renderId,
  status,
  progress,
});
