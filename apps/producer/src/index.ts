// start-producer.ts   the API and the dashboard, put together
// main.ts             the process around it
// new-key/            makes API keys and webhook secrets, on the command line
//
// renders/     the renders' own addresses
// drop-in/     the provider's own addresses, for its clients
// provider-webhooks/   the provider's own word on its tasks
// pages/       what is looked at in a browser
// dashboard/   Bull Board
// openapi/     the API's description of itself
// health/      probes and metrics
//
// http/        the server
// access/      who is calling, and what they may do
// intake/      from a body to a durable render
// status/      where renders are found
// following/   when a render is worth another look: for those who wait
// deliveries/  webhooks, told and sent again
// backends/    calls to queue and store, bounded in time
// problems/    how the API says no
export { type ProducerDeps, type RunningProducer, startProducer } from './start-producer.ts';
