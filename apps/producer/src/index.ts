// start-producer.ts  composes the API and the dashboard from the folders below
// main.ts            the process: settings, signals, exit codes
//
// endpoint.ts        what a route is: needs, doc, run
// renders/           the endpoints below /v1/renders (routes.ts)
// runs/              the endpoints below /v1/runs (create-run.ts)
// catalogues/        the endpoints below /v1/catalogues (start-run.ts)
// dead-letters/      the endpoints below /v1/dead-letters (forecast-redrive.ts)
// redrives/          the endpoints below /v1/redrives (create-plan.ts)
// queues/            the endpoints below /v1/queues (routes.ts)
// pauses/            the endpoints below /v1/pauses (routes.ts)
// limits/            the endpoints below /v1/limits (change-limits.ts)
// workers/           the endpoints below /v1/workers (drain-worker.ts)
// money/             the endpoints for spend and budgets (spend.ts)
// reconcile/         the endpoints for reconciliations (judge.ts)
// keys/              the endpoints below /v1/keys (change-keys.ts)
// toapis/            everything that knows ToAPIs: the drop-in endpoint and ToAPIs' webhooks (drop-in/routes.ts)
// pages/             pages for people (render-page.ts)
// dashboard/         Bull Board: what it shows, and which changes it allows (queue-views.ts)
// openapi/           the OpenAPI document and the API reference (document.ts)
// health/            probes and metrics (readiness.ts)
//
// access/            who is calling, and with which rights (guard.ts)
// audit/             records what operators do, and lists it (audit-recorder.ts)
// catalogue-watch/   raises the alarms of scheduled catalogues (night-watch.ts)
// http/              the server, bodies, and how problems are sent (server.ts)
// intake/            from a body to a durable render (accept-render.ts)
// lookup/            finds and lists renders in queue and store (find.ts)
// forecast/          the ETA of a render, and when the backlog ends (eta.ts)
// render-watch/      when a waiting request must read its render again (render-watch.ts)
// backends/          calls to queue and store, with deadlines (render-queue.ts)
// problems/          every error that the API reports (to-problem.ts)
export { type ProducerDeps, type RunningProducer, startProducer } from './start-producer.ts';
