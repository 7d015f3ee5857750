// Renders that workers add themselves, for runs of catalogues and for batches: as durable as those of the producer.
//
// add-parts.ts        back-pressure: adds parts while there is room in the queue
// render-intake.ts    new renders into the journal and the queue; which renders are lost
// render-recorder.ts  writes first checkpoints to the intake journal before the queue gets them
export { addParts } from './add-parts.ts';
export { openRenderIntake, type RenderIntake } from './render-intake.ts';
