// The API as data: what may be asked, what is answered. For the producer, the client, and webhooks' receivers.
// Depends on zod alone and does no I/O.
//
// fields.ts     the closed sets and limits of a request
// request.ts    a render as it is asked for
// answers.ts    a render as it is told, alone, in bulk and in lists
// deliveries.ts webhooks: what is sent, and how its delivery is told
// problems.ts   every way in which the API says no

export * from './fields.ts';
export * from './problems.ts';
export * from './request.ts';
export * from './responses.ts';
export * from './webhooks.ts';
