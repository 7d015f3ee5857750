import { EVENT_TYPES, webhookEventSchema } from '@darkroom/api';
import type { ZodOpenApiObject } from 'zod-openapi';

const header = (name: string, description: string, example: string) => ({
  in: 'header' as const,
  name,
  required: true,
  description,
  schema: { type: 'string' as const },
  example,
});

/** What we send: one message for each end of a render, as https://www.standardwebhooks.com says. */
export const WEBHOOKS = {
  'render.ended': {
    post: {
      operationId: 'renderEnded',
      tags: ['Webhooks'],
      summary: 'A render has ended',
      description: `\`type\` is ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}. Sent to the render's \`webhook_url\`, or to its tenant's. Every try of a message has the same \`webhook-id\`: whoever has seen it need not look at it again. Check the signature before anything else; every Standard Webhooks library does.`,
      security: [],
      parameters: [
        header(
          'webhook-id',
          'The same in every try.',
          'msg_rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7_completed_0',
        ),
        header('webhook-timestamp', 'When this try was made, in Unix seconds.', '1795363272'),
        header(
          'webhook-signature',
          'One or more of `v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`, separated by blanks.',
          'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
        ),
      ],
      requestBody: { required: true, content: { 'application/json': { schema: webhookEventSchema } } },
      responses: {
        '2XX': { description: 'You took it.' },
        default: { description: 'You did not: it is sent again, later and later, for a day.' },
      },
    },
  },
} as const satisfies ZodOpenApiObject['webhooks'];
