// The data of a render: its request, its checkpoint in the queue, its final records.
//
// job-request.ts   the request in the queue, and its references to images and URLs
// record-parts.ts  shapes that several records contain: provider, stored image, failure, note
// purchases.ts     what was bought, and the three amounts of the cost
// checkpoint.ts    a render job's data: a union on `at.step`; the progress of each step
// first-checkpoint.ts  the first checkpoint of a render, and its maximum size
// fingerprint.ts   when two requests are the same request
// receipt.ts       the final records: the receipt in the store, the dead letter in the queue
// data-version.ts  the version of persisted data, and upgrades from older versions
// ids.ts           ids of renders and of child jobs
// object-keys.ts   the keys of all objects in the store
// run-end-key.ts   …of the ends of a run's renders, whose keys contain status and amounts
// spend-key.ts     …of the spend index, whose keys contain the amounts
export * from './checkpoint.ts';
export * from './data-version.ts';
export * from './fingerprint.ts';
export * from './first-checkpoint.ts';
export * from './ids.ts';
export * from './job-request.ts';
export * from './object-keys.ts';
export * from './purchases.ts';
export * from './receipt.ts';
export * from './record-parts.ts';
export * from './run-end-key.ts';
export * from './spend-key.ts';
