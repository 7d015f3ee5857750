// renders.ts   what can be done with renders
// address.ts   where a render is
// create.ts    one render
// wait.ts      until it has ended: long polls
// events.ts    what happens meanwhile: server-sent events, over broken connections
// list.ts      many renders, page by page
// image.ts     the picture itself
export type { CreateOptions } from './create.ts';
export type { EventsOptions, RenderEvent } from './events.ts';
export type { ImageFile } from './image.ts';
export type { ListFilters, RenderList } from './list.ts';
export { type CallOptions, createRenders, type Renders } from './renders.ts';
export type { WaitOptions } from './wait.ts';
