// /overview: what Darkroom does now, what is wrong, and the newest images. For operators of all tenants.
//
// overview-page.ts     the paths (main decision: registerOverview)
// overview-facts.ts    reads what the page shows, at most once per second for all readers
// overview-view.ts     facts → page (pure)
// money-view.ts        …its section about money (pure)
// overview-events.ts   new bodies of the page, as server-sent events

export type { OverviewDeps } from './overview-facts.ts';
export { registerOverview, type SendOverview } from './overview-page.ts';
