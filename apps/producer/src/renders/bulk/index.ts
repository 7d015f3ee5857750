// endpoint.ts         POST /v1/renders/bulk (main decision: JSON or NDJSON, for the request and for the response)
// json-response.ts    the response as one JSON document
// ndjson-response.ts  the response line by line, while the request is read
// summary.ts          counts the outcomes; formats items and the summary
// doc.ts              the operation in the OpenAPI document
export { bulkEndpoint } from './endpoint.ts';
