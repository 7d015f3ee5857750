// find.ts             one render: from the queue, or from its receipt (main decision: findRender)
// list.ts             a tenant's renders, newest first, page by page
// page.ts             fills one page: reads each render, applies the filters
// day-index.ts        reads the day index in the object store
// not-yet-indexed.ts  renders that only the queue knows
// backlog.ts          queued renders by tenant, in the order of lists (pure)
// position.ts         positions in the list, and cursors
export * from './find.ts';
export * from './list.ts';
export type { ListQuery } from './page.ts';
export { type Position, parseCursor, toCursor } from './position.ts';
