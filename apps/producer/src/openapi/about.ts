/** What the API's description says before it comes to an operation. Markdown. */
export const INTRODUCTION = `Darkroom buys each image **once** from a slow, rate-limited provider, checks it, and keeps it.

**The first image.** Ask with \`POST /v1/renders\`; the 202 means that the render is durably queued. Then
\`GET /v1/renders/{id}?wait=30\` answers as soon as it has ended, or tells how far it is. \`image.url\` is the picture.

**Again, without paying again.** Send an \`Idempotency-Key\`: the same key is the same render for ever, so a request whose
answer got lost can be sent again.

**Thousands.** \`POST /v1/renders/bulk\` takes a JSON array or NDJSON and answers each item by itself.

**Told instead of asking.** Give a \`webhook_url\`, or read \`GET /v1/renders/{id}/events\`.

**Keys.** \`Authorization: Bearer <key>\`. A key belongs to a tenant, which sees its own renders and no others, and has roles:
\`enqueue\`, \`read\`, \`operate\`; \`x-role\` of an operation says which it needs. A house without keys listens on its own
machine only, and asks nobody for one.

**Errors.** Every refusal is \`application/problem+json\` (RFC 9457) with a stable \`code\` and all problems at once; its
\`type\` is a page that says what to do.

**Later.** Answers may get more fields. None goes or changes its meaning below \`/v1\`.`;

/** The tags of operations, in the order in which they are shown. */
export const TAGS = [
  {
    name: 'Renders',
    description: 'Ask for images, one by one or by the thousand; follow, list and cancel what was asked for.',
  },
  { name: 'Webhooks', description: 'What was told to whom; tell it again.' },
  {
    name: 'Drop-in',
    description:
      "The provider's own endpoints with its shapes, statuses and error envelope: a service that calls ToAPIs changes its base URL and nothing else.",
  },
  { name: 'House', description: 'For whoever runs it: is it well, and how does it go.' },
] as const;

export const SECURITY_SCHEMES = {
  key: { type: 'http', scheme: 'bearer', description: 'An API key, as `pnpm new-key` makes it.' },
  password: {
    type: 'http',
    scheme: 'basic',
    description: 'For browsers: the key as the password, with any user name.',
  },
  link: {
    type: 'apiKey',
    in: 'query',
    name: 'signature',
    description: 'A link that an answer gave: it opens this one address for a while, without a key.',
  },
} as const;
