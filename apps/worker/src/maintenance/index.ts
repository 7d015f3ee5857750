// Chores of the queue `maintenance`.
//
// sweep.ts                 ends renders that BullMQ failed without a run of ours
// sweep-cancel-markers.ts  wakes renders whose cancel marker no run has seen
// resume-submissions.ts    pauses submissions while the account cannot buy, and resumes them
export * from './resume-submissions.ts';
export * from './sweep.ts';
export * from './sweep-cancel-markers.ts';
