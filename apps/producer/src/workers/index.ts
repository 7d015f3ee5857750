// The worker processes: the endpoints below /v1/workers, for operators of all tenants.
//
// routes.ts       the paths, and what they answer
// drain-worker.ts lists and drains workers, and records it; also for the page of workers
// responses.ts    a worker as the API returns it
export { listWorkers, setDrain, type WorkerDeps } from './drain-worker.ts';
export { registerWorkers } from './routes.ts';
