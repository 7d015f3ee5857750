// routes.ts        the paths below /v1/renders (main decision: which endpoint serves which path)
//
// create.ts        POST /v1/renders
// bulk/            POST /v1/renders/bulk
// list.ts          GET /v1/renders
// list-query.ts    …its query parameters
// get.ts           GET /v1/renders/{id}, at once or after its end
// events.ts        GET …/events: server-sent events
// cancel.ts        POST …/cancel
// buy-again.ts    POST …/buy-again: the image of a render is bought again, as a copy
// statement.ts     POST …/statement: an operator states what became of a purchase
// deliveries.ts    GET …/deliveries, POST …/deliveries/redeliver
// image.ts         GET …/image and …/thumbnail
//
// find-render.ts   the render of a request, and the response about it
// render-detail.ts the response of GET /v1/renders/{id}: with queue position, ETA and webhook
// watch-render.ts  snapshots of a render until its end
// image-links.ts   URLs of a render's image
// params.ts        path and query parameters that several endpoints have
export {
  buyRenderAgain,
  isCopyable,
  priceCopy,
  readCopyRequest,
} from './buy-again.ts';
export { cancelRequestedRender, cancelWithoutWaiting } from './cancel.ts';
export { redeliverWebhooks } from './deliveries.ts';
export * from './find-render.ts';
export * from './image-links.ts';
export { createWaitFilter } from './list.ts';
export { readListQuery, timeParam } from './list-query.ts';
export { idParam } from './params.ts';
export * from './routes.ts';
export { canStatePurchase, readStatement, stateOutcome, statePurchase } from './statement.ts';
