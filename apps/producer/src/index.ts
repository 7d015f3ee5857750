// start-producer.ts  composes the API and the dashboard from the folders below
// main.ts            the process: settings, signals, exit codes
//
// endpoint.ts        what a route is: needs, doc, run
// renders/           the endpoints below /v1/renders (routes.ts)
// toapis/            everything that knows ToAPIs: the drop-in endpoint and ToAPIs' webhooks (drop-in/routes.ts)
// keys/              the endpoints below /v1/keys (change-keys.ts)
// pages/             pages for people (render-page.ts)
// dashboard/         Bull Board: what it shows, and which changes it allows (queue-views.ts)
// openapi/           the OpenAPI document and the API reference (document.ts)
// health/            probes and metrics (readiness.ts)
//
// access/            who is calling, and with which rights (guard.ts)
// http/              the server, bodies, and how problems are sent (server.ts)
// intake/            from a body to a durable render (accept-render.ts)
// lookup/            finds and lists renders in queue and store (find.ts)
// render-watch/      when a waiting request must read its render again (render-watch.ts)
// backends/          calls to queue and store, with deadlines (render-queue.ts)
// problems/          every error that the API reports (to-problem.ts)
export { type ProducerDeps, type RunningProducer, startProducer } from './start-producer.ts';
