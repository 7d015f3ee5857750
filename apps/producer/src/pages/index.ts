// routes.ts     which address is what
// home.ts       the page at /
// problems.ts   /problems: what the API's refusals mean
// render/       /renders/{id}: a render for people
// icon.ts       /favicon.ico
//
// html.ts       templates that escape what is put into them
// layout.ts     what every page looks like, and what it may do: nothing
export { registerPages } from './routes.ts';
