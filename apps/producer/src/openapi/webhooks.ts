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

/** One webhook for each end of a render, as https://www.standardwebhooks.com specifies. */
export const WEBHOOKS = {
  'render.ended': {
    post: {
      operationId: 'renderEnded',
      tags: ['Webhooks'],
      summary: 'A render has ended',
      description: `\`type\` is ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}. Darkroom sends it to the render's \`webhook_url\`, or to the URL of its tenant. Every attempt has the same \`webhook-id\`: a receiver that has processed this id can ignore the webhook. Check the signature first; every Standard Webhooks library does that.`,
      security: [],
      parameters: [
        header(
          'webhook-id',
          'The same for every attempt.',
          'msg_rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7_completed_0',
        ),
        header('webhook-timestamp', 'The time of this attempt in Unix seconds.', '1795363272'),
        header(
          'webhook-signature',
          'One or more of `v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`, separated by spaces.',
          'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
        ),
      ],
      requestBody: { required: true, content: { 'application/json': { schema: webhookEventSchema } } },
      responses: {
        '2XX': { description: 'Acknowledges the webhook.' },
        default: {
          description:
            'The webhook is not acknowledged: Darkroom sends it again for a day, with growing pauses.',
        },
      },
    },
  },
} as const satisfies ZodOpenApiObject['webhooks'];
