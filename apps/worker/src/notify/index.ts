// announce.ts       an end of a render becomes jobs, one for each URL that is told
// notify-stage.ts   one try to tell one URL
// message.ts        what is told, and its signature
// post.ts           one POST: no redirects, no private addresses, a bounded answer
// schedule.ts       when to try again (pure)
// deps.ts           what telling works with
export { announce } from './announce.ts';
export * from './deps.ts';
export { notifyStage } from './notify-stage.ts';
export { openPoster } from './post.ts';
