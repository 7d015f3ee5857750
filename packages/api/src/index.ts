// The API as data: the zod schemas of its requests, responses and webhooks. The producer validates with them, the client
// takes its types from them, and receivers of webhooks can use them. This package depends only on zod and does no I/O.
//
// fields.ts      the allowed values and the limits of request fields
// request.ts     the request for a render
// responses.ts   the responses: a render, a list of renders, a bulk call
// queues.ts      the queues that operators pause
// keys.ts        API keys that operators make and revoke
// batches.ts     batches in the format of OpenAI, and their files
// budgets.ts    hard limits for what renders cost
// limits.ts      limits that operators change while the workers run
// pauses.ts      pauses of submission: for all renders, a tenant, a run or a model
// audit.ts       what operators did
// catalogue-runs.ts  runs of catalogues
// catalogue-schedules.ts  catalogues, their schedules, and the alarms of these
// catalogue-events.ts  the webhooks about catalogues
// catalogue-reviews.ts  what people decided about the images of a catalogue
// catalogue-fields.ts  …the fields that these have in common
// copies.ts     completed renders that are bought again
// spend.ts      what renders cost
// runs.ts        runs, and the results of their renders
// statements.ts  what an operator can state about a purchase
// dead-letters.ts dead letters: filters, lists, groups, discards
// reconcile.ts   comparisons of the books with the provider's balance
// redrives.ts    plans of redrives, redrives, and their renders
// waits.ts       the table of all reasons why a render waits
// workers.ts     the worker processes, and draining them
// webhooks.ts    the body of a webhook, and the state of its delivery
// problems.ts    the table of all error codes, and the problem document
// failures.ts    the table of all reasons why a render fails

export * from './audit.ts';
export * from './batches.ts';
export * from './budgets.ts';
export * from './catalogue-events.ts';
export { CATALOGUE_NAME, CATALOGUE_RUN, DIGEST } from './catalogue-fields.ts';
export * from './catalogue-reviews.ts';
export * from './catalogue-runs.ts';
export * from './catalogue-schedules.ts';
export * from './copies.ts';
export * from './dead-letters.ts';
export * from './failures.ts';
export * from './fields.ts';
export * from './keys.ts';
export * from './limits.ts';
export * from './pauses.ts';
export * from './problems.ts';
export * from './queues.ts';
export * from './reconcile.ts';
export * from './redrives.ts';
export * from './request.ts';
export * from './responses.ts';
export * from './runs.ts';
export * from './spend.ts';
export * from './statements.ts';
export * from './waits.ts';
export * from './webhooks.ts';
export * from './workers.ts';
