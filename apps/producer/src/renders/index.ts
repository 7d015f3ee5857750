// routes.ts   which address is what
//
// create.ts   ask for a render
// bulk.ts     ask for thousands
// show.ts     look at one
// image.ts    its image and thumbnail
//
// found.ts    the render that an address names, and how it is told
// deps.ts     what they work with
// headers.ts  headers that several take
// params.ts   parameters that several take
export * from './deps.ts';
export * from './found.ts';
export * from './routes.ts';
