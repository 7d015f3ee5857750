// renders.ts   the interface `Renders`: everything a client can do with renders
// wait.ts      waits for the end of a render with long polls
// events.ts    follows a render with server-sent events, and reconnects
// list.ts      lists renders, page by page
// image.ts     downloads the image of a render
export type { EventsOptions, RenderEvent } from './events.ts';
export type { ImageFile } from './image.ts';
export type { ListFilters, RenderList } from './list.ts';
export { type CallOptions, type CreateOptions, createRenders, type Renders } from './renders.ts';
export type { WaitOptions } from './wait.ts';
