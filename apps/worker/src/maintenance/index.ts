// Chores of the queue `maintenance`, and what they share with the stages.
//
// sweep.ts                 ends renders that BullMQ failed without a run of ours
// sweep-cancel-markers.ts  wakes renders whose cancel marker no run has seen
// account-gate.ts          stops submissions while the provider's account cannot buy
// check-account.ts         checks a stopped account and lets submissions go on
export * from './account-gate.ts';
export * from './check-account.ts';
export * from './sweep.ts';
export * from './sweep-cancel-markers.ts';
