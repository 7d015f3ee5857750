// The worker: takes renders from the queue and brings them to their end.
//
// main.ts           the process: settings, signals, exit code
// start-worker.ts   composes everything below
// workers.ts        one BullMQ worker per queue, each with its stage
// close-workers.ts  stops them in the order in which work would be lost
// stage.ts          what a stage is: a function from a job to an outcome
// parts.ts          what every stage stands on
// net/              DNS look-ups that check addresses
// engine-trouble.ts   errors that are no verdict on a job
// render/           the render's life, step by step
// notify/           the ends of renders, told to whoever wants to know
// submit/           one purchase, at most once
// store/            one image brought home
// decide/           pure: what each trouble means, when to look, how long to wait
// provider/         the image provider
// bullmq/           outcomes as BullMQ's moves and errors
// maintenance/      chores: the account's return, what crashes left out
// health/           does work move; metrics
export { type RunningWorker, startWorker, type WorkerDeps } from './start-worker.ts';
