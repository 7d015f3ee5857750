// The intake journal as workers write it: for the renders of catalogues and batches.
//
// render-recorder.ts  writes first checkpoints before the queue gets them
export { openRenderRecorder, type RecordRenders } from './render-recorder.ts';
