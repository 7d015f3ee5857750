// Runs of catalogues: plans one, adds its renders, waits for them, and writes the results to the store.
//
// catalogue-stage.ts  one run as a job of the queue `catalogue`: start here
// run-context.ts      what all phases of a run share
// lock-catalogue.ts    one run of a catalogue buys at a time: the lock, and what overlap says
// plan-run.ts         plan: decides about every item, part by part, and stops before it spends
// plan-retry.ts       …of a run that buys again what another one has not delivered
// locations.ts        …where the source and the reference images are read
// render-items.ts     render: adds parts with back-pressure, until the deadline or a cancel
// open-parts.ts       …the parts in the queue: which renders have ended
// add-renders.ts      …items as renders
// references.ts       …their reference images
// deliver-part.ts     …the results of a part (main decision: what became of an item)
// find-redriven.ts    …a render that a redrive has completed
// deliver-image.ts    …an image under the name that the catalogue gives it
// image-metadata.ts  …what is written into its XMP
// work-folder.ts      …a folder for its files
// tally.ts            …counts and money
// end-rate.ts         …how fast its items end
// write-report.ts     …report.html
// deliver-run.ts      deliver: manifest, errors, summary, latest.json
// start-nights.ts     a chore: starts the nights that are due (schedules)
export { catalogueStage, computeRunProgress } from './catalogue-stage.ts';
export { startNights } from './start-nights.ts';
