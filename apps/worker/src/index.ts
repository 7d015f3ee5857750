// The worker: takes renders from the queue and brings each of them to its end.
//
// main.ts           the process: settings, signals, exit code
// start-worker.ts   opens everything below and starts the workers
// workers.ts        one BullMQ worker per queue, each with its stage
// open-worker.ts    opens a BullMQ worker with its live limit; how workers stop
// catalogue-processor.ts  the processor of queue `catalogue`
// run-chore.ts      the stage of queue `maintenance`: every chore, in order
//
// A file `*-stage.ts` is the function that processes the jobs of one queue. A file `*-step.ts` is one step of a render
// job. Four folders hold a stage each. They do not import each other:
//
// render/        the render job, step by step
// submit/        one purchase, at most once
// store-image/   one image, downloaded, checked and stored
// webhooks/      the end of a render, sent to the URLs that subscribe to it
//
// Above the stages; no stage imports these:
//
// bullmq/        outcomes of stages as BullMQ's moves and errors
// maintenance/   chores: the sweep, resuming submissions
// control/       pauses, limits and drains: what operators change while the workers run
// budgets/       reserves money before a purchase; corrects the sums of budgets
// runs/          counts the renders of runs; ends and stops runs
// shares/        moves the jobs whose turn it is to the front of their lane
// catalogue/     runs catalogues: plans, adds renders, delivers; starts the nights that are due
// redrive/       executes redrive plans at their pace
// restore/       adds the renders that the queue has lost
// health/        does work move; /healthz, /readyz, /metrics
// lifecycle/     warns of lifecycle rules of the bucket that delete too much
//
// Below the stages:
//
// stage/         what a stage is: job, outcome, failure, Infra
// intake/        renders that workers add themselves: journal, queue, back-pressure
// decide/        the whole policy, pure: what each trouble means, and how long each wait is
export { type RunningWorker, startWorker, type WorkerDeps } from './start-worker.ts';
