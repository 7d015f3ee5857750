// document.ts        the OpenAPI document, collected from the endpoints (main decision: collectOperations)
// about.ts           the introduction, the tags and the kinds of keys
// responses.ts       responses of an operation: JSON, problems, and those that every operation has
// webhooks.ts        the webhooks that Darkroom sends
// open-responses.ts  allows more fields in responses
// examples/          examples for operations that have none of their own
// routes.ts          GET /openapi.json, GET /reference
export * from './document.ts';
export { createProblemExample, RENDER_EXAMPLE } from './examples/index.ts';
export * from './responses.ts';
export * from './routes.ts';
