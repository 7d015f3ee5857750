import { Readable } from 'node:stream';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { z } from 'zod';
import type { Endpoint } from '../endpoint.ts';
import { noQuery, readQuery } from '../http/index.ts';
import { problemResponses } from '../openapi/index.ts';
import { formatEventStream } from '../render-watch/index.ts';
import { createRenderResponse, findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { idParam } from './params.ts';
import { watchRequestedRender } from './watch-render.ts';

/** The connection ends when nothing could be written for this time: the reader is gone or does not read. */
const STALLED_MS = 60_000;
/** Maximum duration of a stream (I7). Readers reconnect automatically. */
const MAX_STREAM_MS = 3_600_000;

/** `GET /v1/renders/{id}/events`: the changes of a render as server-sent events. */
export const eventsEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'read',
  doc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    reply.header('content-type', 'text/event-stream').header('x-accel-buffering', 'no');
    if (request.method === 'HEAD') {
      await findRequestedRender(deps, request);
      return await reply.send();
    }
    const until = deps.clock.now() + MAX_STREAM_MS;
    const snapshots = watchRequestedRender(deps, request, reply, { events: 'moves', until });
    // Errors of the first snapshot become a problem. After it the response has started.
    const first = await snapshots.next();
    reply.raw.setTimeout(STALLED_MS, () => reply.raw.destroy());
    const toResponse = (snapshot: RenderSnapshot) => createRenderResponse(deps, request, snapshot);
    return await reply.send(
      Readable.from(formatEventStream(first, snapshots, toResponse, deps.clock), { objectMode: false }),
    );
  },
});

const example = [
  'retry: 2000',
  '',
  'id: 1795363245349-1',
  'event: status',
  'data: {"id":"rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7","object":"render","status":"rendering","progress":10,…}',
  '',
  'id: 1795363250125-2',
  'event: progress',
  'data: {"id":"rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7","status":"rendering","progress":42}',
  '',
  '',
].join('\n');

const doc = {
  operationId: 'followRender',
  tags: ['Renders'],
  summary: "Stream a render's events",
  description: [
    'Server-sent events. `status` contains the whole render: when you connect, and at each change of status. `progress`',
    'is sent at each change of progress in between. At the end come `image` (if there is one) and `end` with the whole',
    'render, and the response is over. When you connect again, with or without `Last-Event-ID`, you get the present',
    'state.',
  ].join(' '),
  requestParams: { path: idParam },
  responses: {
    '200': {
      description: 'Events until the render has ended.',
      content: { 'text/event-stream': { schema: z.string(), example } },
    },
    ...problemResponses(
      'render_not_found',
      'invalid_request',
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
