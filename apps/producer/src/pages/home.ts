import type { FastifyInstance } from 'fastify';
import { registerEndpoints, resolveBaseUrl } from '../http/index.ts';
import { html } from './html.ts';
import { sendPage } from './layout.ts';

/** `/`: where things are, for whoever opens the address in a browser. @param keyless nobody needs a key */
export function registerHome(app: FastifyInstance, { keyless }: { keyless: boolean }): void {
  registerEndpoints(app, '/', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) =>
        await sendPage(reply, 200, { title: 'Start', body: page(resolveBaseUrl(request), keyless) }),
    },
  });
}

const LINKS = [
  ['/reference', 'API reference', 'every address, with examples to try'],
  ['/queues/queue/render', 'Renders', 'what is queued, rendering, done'],
  ['/queues/queue/dead-letter', 'Dead letters', 'renders that ended badly, and why'],
  ['/queues', 'All queues', 'Bull Board'],
  ['/problems', 'Problems', 'every way in which the API says no, and what to do'],
  ['/openapi.json', 'OpenAPI', 'the same reference, for programs'],
  ['/metrics', 'Metrics', 'for Prometheus'],
  ['/readyz', 'Readiness', 'queue and store'],
] as const;

const page = (base: string, keyless: boolean) => html`
<h1>Darkroom</h1>
<p class="soft">A durable render queue: each image is bought once and kept.</p>
${keyless ? KEYLESS : KEYED}
<h2>Places</h2>
<ul>
${LINKS.map(([href, name, what]) => html`<li><a href="${href}">${name}</a> <span class="soft">${what}</span></li>\n`)}
</ul>
<h2>The first render</h2>
<pre>curl ${base}/v1/renders \\
  -H 'content-type: application/json' -H 'idempotency-key: first' \\${keyless ? '' : "\n  -H 'authorization: Bearer <key>' \\"}
  -d '{"prompt":"a lighthouse at dusk","size":"16:9"}'</pre>`;

const KEYLESS = html`<p class="card">There are no API keys: everybody on this machine may do everything, and nobody elsewhere
can reach it. <code>pnpm new-key</code> makes a key.</p>`;

const KEYED = html`<p class="card">Services send <code>Authorization: Bearer &lt;key&gt;</code>. In a browser, give the key as
the password; the user name does not matter. Queues and metrics are for operators of all tenants.</p>`;
