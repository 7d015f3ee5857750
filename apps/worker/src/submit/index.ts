// One purchase, at most once.
//
// submit-stage.ts     inputs, intent, POST, acceptance
// provider-proof.ts   whether the provider itself answers: checked before a submission
// prepare-inputs.ts   reference images as the provider takes them
export { openProviderProof } from './provider-proof.ts';
export { type AccountGate, submitStage } from './submit-stage.ts';
