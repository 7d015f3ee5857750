// What operators control while Darkroom runs. The object store keeps it, so that it survives the loss of the queue.
//
// pause-records.ts   pauses and passes in the store, and which renders they hold back (pure)
// limit-records.ts   overrides of limits and drains of workers in the store, and which of them count (pure)
// tenant-shares.ts   the shares of tenants: of the settings, or of an operator (pure)
// control-store.ts   reads and writes them in the store
// revision.ts        the mark in the queue by which all processes see a change within a second
// control-reader.ts  what one process knows of all these (main decision: when the store is read again)
export * from './control-reader.ts';
export * from './control-store.ts';
export * from './limit-records.ts';
export * from './pause-records.ts';
export * from './revision.ts';
export * from './tenant-shares.ts';
