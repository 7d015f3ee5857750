import type { ProgressEvent, RenderResponse } from '@darkroom/api';
import type { Clock } from '@darkroom/shared/runtime';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { hasEnded } from '../lookup/index.ts';

/** A comment is sent after this time without an event, so that proxies keep the connection open. */
const HEARTBEAT_MS = 15_000;
/** The reader's wait before it reconnects. */
const RETRY_MS = 2_000;

/**
 * Snapshots of a render as server-sent events, as text.
 *
 * Asks for the next snapshot only when the previous text has been sent. So a slow reader misses what happens in
 * between, and nothing accumulates in memory.
 */
export async function* formatEventStream(
  first: IteratorResult<RenderSnapshot, void>,
  snapshots: AsyncGenerator<RenderSnapshot, void, void>,
  toResponse: (snapshot: RenderSnapshot) => Promise<RenderResponse>,
  clock: Clock,
): AsyncGenerator<string, void, void> {
  let before: RenderSnapshot | undefined;
  let number = 0;
  let sentAt = clock.now();
  const event = (name: string, data: unknown, { updatedAt }: RenderSnapshot) => {
    sentAt = clock.now();
    return `id: ${updatedAt}-${++number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  };
  try {
    for (let next = first; !next.done; next = await snapshots.next()) {
      const snapshot = next.value;
      if (!before) yield `retry: ${RETRY_MS}\n\n`;
      if (snapshot.status !== before?.status) yield event('status', await toResponse(snapshot), snapshot);
      else if (snapshot.progress !== before.progress)
        yield event('progress', toProgressEvent(snapshot), snapshot);
      else if (clock.now() - sentAt >= HEARTBEAT_MS) {
        sentAt = clock.now();
        yield ': heartbeat\n\n';
      }
      before = snapshot;
      if (!hasEnded(snapshot)) continue;
      const render = await toResponse(snapshot);
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
