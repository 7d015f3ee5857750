import type { RunResponse } from '@darkroom/api';
import type { RunRef } from '@darkroom/shared/engine';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { toProblem } from '../problems/index.ts';
import { createRunResponse, findRun, type RunEndpointDeps } from './find-run.ts';

const READ_EVERY_MS = 1_000;
/** A comment is sent after this time without an event, so that proxies keep the connection open. */
const HEARTBEAT_MS = 15_000;
/** The reader's wait before it reconnects. */
const RETRY_MS = 2_000;
/** Maximum duration of a stream (I7). Readers reconnect automatically. */
const MAX_STREAM_MS = 3_600_000;

/**
 * The changes of a run as server-sent events, as text: `run` with the whole run, now and after each change, and `finished`
 * at its end. The next state is read only when the previous text has been sent. While the queue or the store are away,
 * it waits.
 */
export async function* formatRunEvents(
  deps: RunEndpointDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  run: RunRef,
  first: RunResponse,
): AsyncGenerator<string, void, void> {
  const { clock, read, closing } = deps;
  const signal = AbortSignal.any([closing, createDisconnectSignal(reply)]);
  const openedAt = clock.now();
  let present = first;
  let sent = '';
  let sentAt = openedAt;
  let number = 0;
  const event = (name: string) => {
    sentAt = clock.now();
    return `id: ${sentAt}-${++number}\nevent: ${name}\ndata: ${JSON.stringify(present)}\n\n`;
  };
  yield `retry: ${RETRY_MS}\n\n`;
  for (;;) {
    const facts = describeFacts(present);
    if (facts !== sent) {
      sent = facts;
      yield event('run');
    } else if (clock.now() - sentAt >= HEARTBEAT_MS) {
      sentAt = clock.now();
      yield ': heartbeat\n\n';
    }
    if (present.status === 'finished') return yield event('finished');
    await clock.sleep(READ_EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted || clock.now() - openedAt >= MAX_STREAM_MS) return;
    if (!(await read.hasAccess(request))) return;
    try {
      present = await createRunResponse(deps, request, await findRun(deps, run));
    } catch (error) {
      if (toProblem(error).status !== 503) throw error;
    }
  }
}

/** The rate and the ETA change all the time. They alone make no event. */
const describeFacts = ({ rate: _rate, eta: _eta, eta_reason: _reason, ...facts }: RunResponse) =>
  JSON.stringify(facts);

function createDisconnectSignal(reply: FastifyReply): AbortSignal {
  const disconnect = new AbortController();
  if (reply.raw.closed) disconnect.abort();
  else reply.raw.once('close', () => disconnect.abort());
  return disconnect.signal;
}
