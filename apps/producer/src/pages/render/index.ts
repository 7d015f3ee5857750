// route.ts      GET /renders/{id}
// facts.ts      what is told of a render, gathered and scrubbed
// view.ts       facts → page (pure)
// timeline.ts   what happened, with the time between (pure)
export type { RenderPageDeps } from '../render-facts.ts';
export { registerRenderPage } from '../render-page.ts';
