// describe.ts   answers and refusals of an operation
// document.ts   the OpenAPI document, collected from the routes
// route.ts      GET /openapi.json
export * from './describe.ts';
export * from './document.ts';
export * from './route.ts';
