import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';

export const LIVE_SCRIPT_PATH = '/assets/live.js';

/**
 * The only script of the pages. It replaces the body of a page by what its event stream sends. Without it, or while the
 * stream is interrupted, the page stays as it is. `EventSource` connects again by itself.
 */
const LIVE_SCRIPT = `'use strict';
const main = document.querySelector('main[data-events]');
const events = new EventSource(main.dataset.events);
events.onmessage = ({ data }) => {
  main.innerHTML = JSON.parse(data);
};
`;

export function registerLiveScript(app: FastifyInstance): void {
  registerEndpoints(app, LIVE_SCRIPT_PATH, {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) =>
        await reply
          .header('cache-control', 'public, max-age=3600')
          .type('text/javascript; charset=utf-8')
          .send(LIVE_SCRIPT),
    },
  });
}
