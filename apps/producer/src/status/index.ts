// find.ts   a render in the queue, or its receipt
export * from './find.ts';
