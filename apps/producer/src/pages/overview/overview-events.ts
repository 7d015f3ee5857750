import { type Clock } from '@darkroom/shared/runtime';
import type { Markup } from '../design/index.ts';

const EVERY_MS = 2_000;
/** A comment is sent after this time without a change, so that proxies keep the connection open. */
const HEARTBEAT_MS = 15_000;

/**
 * New bodies of a page as server-sent events. It asks for the next body only when the previous one was sent, so nothing
 * accumulates for a slow reader.
 *
 * @param options.hasAccess whether the reader may still see the page; if not, the last event is `signed-out`
 * @param options.until Unix milliseconds (I7): browsers connect again by themselves
 */
export async function* streamBodies(
  createBody: () => Promise<Markup>,
  {
    hasAccess,
    clock,
    until,
    signal,
  }: { hasAccess(): Promise<boolean>; clock: Clock; until: number; signal: AbortSignal },
): AsyncGenerator<string, void, void> {
  yield `retry: ${EVERY_MS}\n\n`;
  let before = '';
  for (let sentAt = clock.now(); !signal.aborted && clock.now() < until; ) {
    if (!(await hasAccess())) return yield 'event: signed-out\ndata:\n\n';
    const { text } = await createBody();
    if (text !== before) {
      yield `data: ${JSON.stringify(text)}\n\n`;
      [before, sentAt] = [text, clock.now()];
    } else if (clock.now() - sentAt >= HEARTBEAT_MS) {
      yield ': heartbeat\n\n';
      sentAt = clock.now();
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
