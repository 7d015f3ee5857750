import type { FastifyInstance } from 'fastify';
import { baseUrl, resource } from '../http/index.ts';

/** `/`: where things are, for whoever opens the address in a browser. */
export function homeRoute(app: FastifyInstance): void {
  resource(app, '/', {
    GET: {
      needs: 'anyone',
      run: async (request, reply) =>
        await reply
          .header(
            'content-security-policy',
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
          )
          .type('text/html; charset=utf-8')
          .send(page(baseUrl(request))),
    },
  });
}

// The base is a host name by its alphabet: nothing in it needs escaping.
const page = (base: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Darkroom</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 12vh auto; padding: 0 1.5rem; }
  h1 { font-size: 1.6rem; margin: 0; }
  p { margin: .4rem 0 1.4rem; opacity: .8; }
  ul { list-style: none; padding: 0; }
  li { padding: .5rem 0; border-top: 1px solid #8884; }
  a { font-weight: 600; text-underline-offset: .2em; }
  li span { opacity: .75; }
  pre { padding: 1rem; border: 1px solid #8884; border-radius: .5rem; overflow-x: auto; font-size: .85rem; }
</style>
<h1>Darkroom</h1>
<p>A durable render queue: each image is bought once and kept.</p>
<ul>
  <li><a href="/queues/queue/render">Renders</a> <span>what is queued, rendering, done</span></li>
  <li><a href="/queues/queue/dead-letter">Dead letters</a> <span>renders that ended badly, and why</span></li>
  <li><a href="/queues">All queues</a> <span>Bull Board</span></li>
  <li><a href="/metrics">Metrics</a> <span>for Prometheus</span></li>
  <li><a href="/readyz">Readiness</a> <span>queue and store</span></li>
</ul>
<p>The first render:</p>
<pre>curl -H 'content-type: application/json' -H 'idempotency-key: first' \\
  -d '{"prompt":"a lighthouse at dusk","size":"16:9"}' \\
  ${base}/v1/renders</pre>
`;
