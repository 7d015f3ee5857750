// find.ts        a render in the queue, or its receipt
// list.ts        a tenant's renders, newest first, page by page
// page.ts        a page of it: how its renders stand, and whether that is asked for
// day-index.ts   where the store says that there are some
// unentered.ts   where only the queue knows yet
// position.ts    places in the list, and cursors
export * from './find.ts';
export * from './list.ts';
export type { ListQuery } from './page.ts';
export { parseCursor, toCursor } from './position.ts';
