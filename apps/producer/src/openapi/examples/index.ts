// dead-letters.ts  …of those about dead letters and redrives
// catalogues.ts   …of those about catalogues
// money.ts        …of those about money
// controls.ts     …of those about limits and workers
// batches.ts      …of those about batches
// runs.ts         …of those about runs
// responses.ts   an example of every component that is a response
// requests.ts    example requests of operations that have none of their own
// problems.ts    an example of every problem
// fill.ts        adds the examples to the document
export { fillExamples } from './fill.ts';
export { createProblemExample } from './problems.ts';
export { RENDER_EXAMPLE } from './responses.ts';
