// routes.ts        the paths of all pages
// home.ts          GET /
// problems.ts      GET /problems, /problems/{code}: what each problem means
// render-page.ts   GET /renders/{id} (main decision: sendRenderPage)
// render-facts.ts  …the facts about a render, read and scrubbed
// render-view.ts   …facts → page (pure)
// statement-form.ts …the form in which an operator states what became of a purchase
// timeline.ts      …what happened, with the time between (pure)
//
// html.ts          templates that escape their values
// layout.ts        the frame, the style and the security policy of every page
export { registerPages } from './routes.ts';
