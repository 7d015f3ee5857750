// about.ts      what the description says of the whole: how to start, tags, keys
// describe.ts   answers and refusals of an operation
// complete.ts   what every operation may answer
// webhooks.ts   what we send
// examples/     examples, for what an operation does not give itself
// open-answers.ts  answers may get more fields one day
// document.ts   the OpenAPI document, collected from the routes
// route.ts      GET /openapi.json
// reference.ts  GET /reference

export * from './document.ts';
export { createProblemExample } from './examples/index.ts';
export * from './responses.ts';
export * from './route.ts';
export * from './routes.ts';
