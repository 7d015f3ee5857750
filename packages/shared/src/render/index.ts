// The render as data: what may be asked for, what the queue keeps, how it ends.
//
// job-request.ts  the request as the queue keeps it; as it comes in it is the API's
// reference.ts    a reference image as the queue holds it
// checkpoint.ts   a render job's data: a union on `at.step`
// failure.ts      why a render died
// image.ts        a stored image
// note.ts         a line of what happened
// receipt.ts      the last word on a render, kept in the store
// dead-letter.ts  an entry of the dead-letter queue
// ids.ts          render and child ids
// keys.ts         where things are in the object store
export * from './checkpoint.ts';
export * from './data-version.ts';
export * from './dead-letter.ts';
export * from './failure.ts';
export * from './ids.ts';
export * from './image.ts';
export * from './job-request.ts';
export * from './note.ts';
export * from './object-keys.ts';
export * from './provider-name.ts';
export * from './receipt.ts';
export * from './reference.ts';
