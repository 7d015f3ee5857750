// routes.ts        the paths of all pages
// sign-in.ts       GET and POST /sign-in, /sign-out
// keys-page.ts     GET and POST /keys
// pauses-page.ts   GET and POST /pauses: what is paused, with forms that pause and resume
// batches-page.ts  GET /batches: the latest batches
// workers/         GET /workers: worker processes and limits, with their forms
// home.ts          GET /start; GET / for callers that are no operators
// overview/        GET /overview; GET / for operators
// render-list/     GET /renders
// dead-letters/    GET /dead-letters: groups, lists, discards
// redrives/        GET /redrives, /redrive-plans: plan, execute, follow
// runs/            GET /runs: counts, money, seal, cancel, redrive
// catalogues/      GET /catalogues: schedules, runs and reports
// audit-page.ts    GET /audit
// audit-view.ts    …actions as a table (pure)
// problems.ts      GET /problems, /problems/{code}: what each problem means
// render-page.ts   GET /renders/{id} (main decision: sendRenderPage)
// render-facts.ts  …the facts about a render, read and scrubbed
// render-view.ts   …facts → page (pure)
// render-actions.ts …the buttons (pure)
// buy-again-form.ts …the form in which an operator buys its image again
// statement-form.ts …the form in which an operator states what became of a purchase
// timeline.ts      …what happened, with the time between (pure)
//
// design/          the design of the pages, from packages/shared
// form.ts          the fields of a form
// layout.ts        the frame and the security policy of every page
// scripts.ts       the scripts: pages that follow an event stream or reload, a button that copies, Bull Board's sign-in
// error-page.ts    a problem as a page
// formats.ts       times and texts for people
export { BOARD_THEME } from './design/index.ts';
export { sendErrorPage } from './error-page.ts';
export { registerPages } from './routes.ts';
export { BOARD_SCRIPT_PATH } from './scripts.ts';
