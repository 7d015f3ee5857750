// dead-letters.ts  …of those about dead letters and redrives
// money.ts        …of those about money
// controls.ts     …of those about limits, workers and reviews
// responses.ts   an example of every component that is a response
// requests.ts    example requests of operations that have none of their own
// problems.ts    an example of every problem
// fill.ts        adds the examples to the document
export { fillExamples } from './fill.ts';
export { createProblemExample } from './problems.ts';
export { RENDER_EXAMPLE } from './responses.ts';
