// start-producer.ts   the API and the dashboard, put together
// main.ts             the process around it
//
// http/        the server, and the routes of the API
// intake/      from a body to a durable render
// status/      what a render's state is, and how it is told
// provider-webhooks/   the provider's own word on its tasks
// dashboard/   Bull Board
// health/      probes and metrics
// backends/    calls to queue and store, bounded in time
// problems/    how the API says no
export { type ProducerDeps, type RunningProducer, startProducer } from './start-producer.ts';
