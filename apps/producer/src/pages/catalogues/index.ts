// The pages of catalogues: what they delivered last, what runs now, and the next night. Reports are pages of their own.
//
// pages.ts           GET /catalogues, /catalogues/{name}; POST …/runs/{run}/cancel
// catalogues-view.ts all catalogues as a table (pure)
// runs-view.ts       a catalogue with its schedule and its runs (pure)
// parts.ts           …what both show (pure)
export { type CataloguePageDeps, registerCataloguePages } from './pages.ts';
