// server.ts       the HTTP server: ids, headers, problems, log lines
// body.ts         which bodies are read, and how
// resource.ts     one address with its methods; every other method is answered 405
// base-url.ts     the address that a caller reached us by
// renders.ts      POST /v1/renders, POST /v1/renders/bulk
// render.ts       GET /v1/renders/{id}, its image and thumbnail
// home.ts         the page at /
// drain.ts        closing in time
export { bytesOf, readBytes } from './body.ts';
export * from './drain.ts';
export * from './home.ts';
export * from './render.ts';
export * from './renders.ts';
export { resource } from './resource.ts';
export * from './server.ts';
