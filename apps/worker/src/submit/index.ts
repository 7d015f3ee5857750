// submit-stage.ts   inputs, intent, POST, acceptance: one purchase, at most once
// inputs.ts         reference images as the provider takes them
// deps.ts           what a submission works with
export * from './deps.ts';
export { submitStage } from './submit-stage.ts';
