import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../../access/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { sendPage } from '../layout.ts';
import { streamBodies } from './overview-events.ts';
import { createOverviewReader, type OverviewDeps } from './overview-facts.ts';
import { createOverview } from './overview-view.ts';

export type SendOverview = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

const EVENTS_PATH = '/overview/events';
/** Browsers connect again by themselves. */
const MAX_STREAM_MS = 3_600_000;
/** The connection ends when nothing could be written for this time. */
const STALLED_MS = 60_000;

/** `/overview` and its events. @returns sends the overview */
export function registerOverview(app: FastifyInstance, deps: OverviewDeps): SendOverview {
  const readFacts = createOverviewReader(deps);
  const createBody = async ({ caller }: FastifyRequest) =>
    createOverview(await readFacts(), { mayChange: caller !== undefined && hasRole(caller, 'operator') });
  const closing = new AbortController();
  // Before the server waits for running requests.
  app.addHook('preClose', async () => closing.abort());

  const sendOverview = async (request: FastifyRequest, reply: FastifyReply) =>
    await sendPage(reply, 200, {
      title: 'Overview',
      section: '/overview',
      body: await createBody(request),
      events: EVENTS_PATH,
    });

  const sendEvents = async (request: FastifyRequest, reply: FastifyReply) => {
    deps.limitWaiting(request, reply);
    const left = new AbortController();
    reply.raw.once('close', () => left.abort());
    reply.raw.setTimeout(STALLED_MS, () => reply.raw.destroy());
    const until = deps.clock.now() + MAX_STREAM_MS;
    const signal = AbortSignal.any([left.signal, closing.signal]);
    return await reply
      .header('content-type', 'text/event-stream')
      .header('x-accel-buffering', 'no')
      .send(
        Readable.from(
          streamBodies(() => createBody(request), {
            hasAccess: () => deps.hasAccess(request),
            clock: deps.clock,
            until,
            signal,
          }),
          { objectMode: false },
        ),
      );
  };

  registerEndpoints(app, '/overview', { GET: { needs: 'overseer', run: sendOverview } });
  registerEndpoints(app, EVENTS_PATH, { GET: { needs: 'overseer', run: sendEvents } });
  return sendOverview;
}
