/** The introduction of the OpenAPI document. Markdown. */
export const INTRODUCTION = `Darkroom buys each image **once** from a slow, rate-limited provider, checks it, and keeps it.

**The first image.** Send \`POST /v1/renders\`. The response 202 means that the render is durably queued. Then
\`GET /v1/renders/{id}?wait=30\` answers as soon as the render has ended, or after 30 seconds with its progress.
\`image.url\` is the URL of the image.

**Retries without a second purchase.** Send an \`Idempotency-Key\`. The same key always names the same render, so you can
repeat a request whose response was lost.

**Thousands of renders.** \`POST /v1/renders/bulk\` accepts a JSON array or NDJSON and answers each item separately.

**Notifications.** Set a \`webhook_url\`, or read \`GET /v1/renders/{id}/events\`.

**Keys.** \`Authorization: Bearer <key>\`. A key belongs to a tenant and reads only that tenant's renders. It has roles:
\`enqueue\`, \`read\`, \`operate\`; \`x-role\` of an operation is the role that it needs. A deployment without keys listens
only on its own machine and needs no key.

**Errors.** Every error is \`application/problem+json\` (RFC 9457) with a stable \`code\` and all problems of the request
at once. Its \`type\` is a page that says what to do.

**Compatibility.** Responses may get more fields. Below \`/v1\` no field is removed or changes its meaning.`;

/** The tags of operations, in the order in which they are shown. */
export const TAGS = [
  {
    name: 'Renders',
    description: 'Create renders, one by one or in bulk. Get, list, follow and cancel them.',
  },
  {
    name: 'Runs',
    description:
      'Renders that belong together, such as one night of a shop: counts, ETA, cost, results, one webhook at the end.',
  },
  {
    name: 'Batches',
    description:
      'Files with one request per line, in the format of OpenAI: a client of OpenAI changes only its base URL.',
  },
  { name: 'Webhooks', description: 'List the deliveries of webhooks, and send them again.' },
  {
    name: 'Drop-in',
    description:
      "The provider's own endpoints with its requests, responses, statuses and error envelope. A service that calls ToAPIs changes only its base URL.",
  },
  {
    name: 'Dead letters',
    description:
      'Failed renders, in groups by their reason: inspect, discard and redrive them. For operators.',
  },
  {
    name: 'Catalogues',
    description: 'Run catalogues: files that say which image each row of a source gets.',
  },
  { name: 'Operations', description: 'Health and metrics, for the operators of a deployment.' },
] as const;

export const SECURITY_SCHEMES = {
  key: { type: 'http', scheme: 'bearer', description: 'An API key, made by `darkroom keys new`.' },
  password: {
    type: 'http',
    scheme: 'basic',
    description: 'For programs that send only Basic: the key as the password, with any user name.',
  },
  link: {
    type: 'apiKey',
    in: 'query',
    name: 'signature',
    description: 'A signed link from a response. It gives access to one URL without a key, until it expires.',
  },
} as const;
