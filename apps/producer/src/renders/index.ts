// routes.ts      which address is what
//
// create.ts      ask for a render
// bulk.ts        ask for thousands
// bulk-whole.ts  …answered in one JSON document
// bulk-lines.ts  …answered line by line
// bulk-tally.ts  …counted, and told as JSON
// bulk-doc.ts    …described
// list.ts        look at all, page by page
// show.ts        look at one, or wait for its end
// events.ts      follow one as server-sent events
// cancel.ts      stop one
// deliveries.ts  its webhooks, and telling them again
// image.ts       its image and thumbnail
//
// found.ts       the render that an address names, and how it is told
// followed.ts    how it stands, again and again until its end
// deps.ts        what they work with
// headers.ts     headers that several take
// list-query.ts  which renders a list is to have
// params.ts      parameters that several take
export * from './deps.ts';
export * from './find-render.ts';
export * from './routes.ts';
