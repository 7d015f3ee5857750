// /renders: search and gallery of renders.
//
// list-page.ts  the path, its query, errors
// list-view.ts  filters, gallery, next page (pure)
// tile.ts       one render of a gallery (pure)
export { registerRenderList } from './list-page.ts';
export { createTile } from './tile.ts';
