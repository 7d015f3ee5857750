// One purchase, at most once.
//
// submit-stage.ts     inputs, intent, POST, acceptance
// prepare-inputs.ts   reference images as the provider takes them
export { submitStage } from './submit-stage.ts';
