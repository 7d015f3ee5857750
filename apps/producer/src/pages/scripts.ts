import type { FastifyInstance } from 'fastify';
import { SIGN_IN_PATH } from '../access/index.ts';
import { registerEndpoints } from '../endpoint.ts';

export const LIVE_SCRIPT_PATH = '/assets/live.js';

export const COPY_SCRIPT_PATH = '/assets/copy.js';

export const RELOAD_SCRIPT_PATH = '/assets/reload.js';

export const BOARD_SCRIPT_PATH = '/assets/board.js';

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
 * stream is interrupted, the page stays as it is. `EventSource` connects again by itself, but not after an HTTP error.
 * When the session of the browser has ended, the page is loaded again, which leads to the sign-in.
 */
const LIVE_SCRIPT = `'use strict';
const main = document.querySelector('main[data-events]');
const events = new EventSource(main.dataset.events);
events.onmessage = ({ data }) => {
  main.innerHTML = JSON.parse(data);
};
events.addEventListener('signed-out', () => location.reload());
events.onerror = () => {
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5_000);
};
`;

/**
 * It reloads the page after `data-seconds`, or opens `data-path`. It waits while a person fills in a form, because a reload
 * empties it. It also waits when the browser opens another page, because a reload would end the wait for the answer. A download
 * looks the same to the page, and leaves it open.
 */
const RELOAD_SCRIPT = `'use strict';
const { seconds, path } = document.currentScript.dataset;
const readForms = () => JSON.stringify([...document.forms].map((form) => [...new FormData(form)]));
const first = readForms();
const isFilledIn = () =>
  document.activeElement?.matches('input, select, textarea') || readForms() !== first;
let leavesUntil = 0;
addEventListener('beforeunload', () => {
  leavesUntil = Date.now() + 30_000;
});
setInterval(() => {
  if (Date.now() < leavesUntil || isFilledIn()) return;
  if (path) location.replace(path);
  else location.reload();
}, seconds * 1_000);
`;

/** Bull Board shows a 401 as an error of its own, again and again. It leads to the sign-in, and back. */
const BOARD_SCRIPT = `'use strict';
const { open } = XMLHttpRequest.prototype;
XMLHttpRequest.prototype.open = function (...args) {
  this.addEventListener('load', () => {
    if (this.status !== 401) return;
    location.replace('${SIGN_IN_PATH}?next=' + encodeURIComponent(location.pathname + location.search));
  });
  return open.apply(this, args);
};
`;

/** The scripts of the pages. */
export function registerScripts(app: FastifyInstance): void {
  for (const [path, script] of [
    [LIVE_SCRIPT_PATH, LIVE_SCRIPT],
    [COPY_SCRIPT_PATH, COPY_SCRIPT],
    [RELOAD_SCRIPT_PATH, RELOAD_SCRIPT],
    [BOARD_SCRIPT_PATH, BOARD_SCRIPT],
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
