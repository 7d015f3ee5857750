import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';

export const LIVE_SCRIPT_PATH = '/assets/live.js';

export const COPY_SCRIPT_PATH = '/assets/copy.js';

/** Copies what a button names. Browsers allow it on https and on this machine; elsewhere the button disappears. */
const COPY_SCRIPT = `'use strict';
for (const button of document.querySelectorAll('button[data-copy]')) {
  if (!navigator.clipboard) button.hidden = true;
  button.onclick = async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = 'Copied';
  };
}
`;

/**
 * It replaces the body of a page by what its event stream sends. Without it, or while the
 * stream is interrupted, the page stays as it is. `EventSource` connects again by itself.
 */
const LIVE_SCRIPT = `'use strict';
const main = document.querySelector('main[data-events]');
const events = new EventSource(main.dataset.events);
events.onmessage = ({ data }) => {
  main.innerHTML = JSON.parse(data);
};
`;

/** The scripts of the pages. */
export function registerScripts(app: FastifyInstance): void {
  for (const [path, script] of [
    [LIVE_SCRIPT_PATH, LIVE_SCRIPT],
    [COPY_SCRIPT_PATH, COPY_SCRIPT],
  ] as const) {
    registerEndpoints(app, path, {
      GET: {
        needs: 'anyone',
        run: async (_request, reply) =>
          await reply
            .header('cache-control', 'public, max-age=3600')
            .type('text/javascript; charset=utf-8')
            .send(script),
      },
    });
  }
}
