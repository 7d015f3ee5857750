// /renders: search, gallery and table of renders.
//
// list-page.ts     the path, its query, errors
// list-query.ts    views, and the times of the form (pure)
// list-view.ts     filters, selection, next page (pure)
// render-table.ts  renders as rows (pure)
// tile.ts          one render of a gallery (pure)
export { registerRenderList } from './list-page.ts';
export { createTile } from './tile.ts';
