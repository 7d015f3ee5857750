// queues.ts        every queue: its name, payload and result types, retention, priorities and job ids
// batch-records.ts  the job of a batch
// catalogue-records.ts  the job of a run of a catalogue
// expiring-images.ts  paid images that are not stored and expire soon
// lanes.ts         the priorities of the queues `render` and `submit`: lanes, their fronts, the lines of tenants (pure)
// list-live-renders.ts  the checkpoints of all renders that have not ended
// read-repairs.ts  what sweeps repaired in the last day
// redrive-records.ts  the job of a redrive
// restore-records.ts  the job of a restore, and its report
// restore-state.ts whether the queue has everything that was accepted; requests a restore
// run-records.ts   the jobs about runs
// stop-records.ts  the records of the queue `stop`: an operator's pause, the stop of the provider's account
// sweep-records.ts the report of a sweep
// stops.ts         pauses and resumes queues, reads why queues wait
// worker-names.ts  the name and version of worker processes, and those that Redis sees
// worker-records.ts what a worker process says about itself: what it does now, the limits that it has applied
// worker-reports.ts reads and writes these records
// wake-render.ts   makes a waiting render check its cancel marker at once
export * from './batch-records.ts';
export * from './catalogue-records.ts';
export * from './expiring-images.ts';
export * from './lanes.ts';
export * from './list-live-renders.ts';
export * from './queues.ts';
export * from './read-repairs.ts';
export * from './redrive-records.ts';
export * from './restore-records.ts';
export * from './restore-state.ts';
export * from './run-records.ts';
export * from './stop-records.ts';
export * from './stops.ts';
export * from './sweep-records.ts';
export * from './wake-render.ts';
export * from './worker-names.ts';
export * from './worker-records.ts';
export * from './worker-reports.ts';
