import {
  catalogueAlarmSchema,
  catalogueFinishedSchema,
  EVENT_TYPES,
  runEventSchema,
  webhookEventSchema,
} from '@darkroom/api';
import type { ZodOpenApiObject } from 'zod-openapi';

const header = (name: string, description: string, example: string) => ({
  in: 'header' as const,
  name,
  required: true,
  description,
  schema: { type: 'string' as const },
  example,
});

const headers = (id: string) => [
  header('webhook-id', 'The same for every attempt.', id),
  header('webhook-timestamp', 'The time of this attempt in Unix seconds.', '1795363272'),
  header(
    'webhook-signature',
    'One or more of `v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`, separated by spaces.',
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  ),
];

const responses = {
  '2XX': { description: 'Acknowledges the webhook.' },
  default: {
    description: 'The webhook is not acknowledged: Darkroom sends it again for a day, with growing pauses.',
  },
};

/** One webhook for each end of a render, a run, or a run of a catalogue, and for each alarm, as https://www.standardwebhooks.com specifies. */
export const WEBHOOKS = {
  'render.ended': {
    post: {
      operationId: 'renderEnded',
      tags: ['Webhooks'],
      summary: 'A render has ended',
      description: `\`type\` is ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}. Darkroom sends it to the render's \`webhook_url\`, or to the URL of its tenant. Every attempt has the same \`webhook-id\`: a receiver that has processed this id can ignore the webhook. Check the signature first; every Standard Webhooks library does that.`,
      security: [],
      parameters: headers('msg_rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7_completed_0'),
      requestBody: { required: true, content: { 'application/json': { schema: webhookEventSchema } } },
      responses,
    },
  },
  'run.finished': {
    post: {
      operationId: 'runFinished',
      tags: ['Webhooks'],
      summary: 'A run has finished',
      description:
        "All renders of a sealed run have ended. Darkroom sends it to the run's `webhook_url`, or to the URL of its tenant. A run whose failed renders are redriven finishes again, with another `webhook-id`.",
      security: [],
      parameters: headers('msg_run.shop.catalogue-2026-11-26_1'),
      requestBody: { required: true, content: { 'application/json': { schema: runEventSchema } } },
      responses,
    },
  },
  'catalogue.finished': {
    post: {
      operationId: 'catalogueFinished',
      tags: ['Webhooks'],
      summary: 'A run of a catalogue has ended',
      description:
        'Darkroom sends it to `notifications.webhook_url` of the catalogue file, after `latest.json` was written. A run ends once.',
      security: [],
      parameters: headers('msg_catalogue.shop.shoes.2026-11-20'),
      requestBody: { required: true, content: { 'application/json': { schema: catalogueFinishedSchema } } },
      responses,
    },
  },
  'catalogue.alarm': {
    post: {
      operationId: 'catalogueAlarm',
      tags: ['Webhooks'],
      summary: 'Something is wrong with a night of a catalogue',
      description:
        'The producer sends it to `notifications.webhook_url` of the scheduled catalogue file, once for each alarm, also while Redis and all workers are away.',
      security: [],
      parameters: headers('msg_alarm.shop.shoes.2026-11-20.did_not_start'),
      requestBody: { required: true, content: { 'application/json': { schema: catalogueAlarmSchema } } },
      responses,
    },
  },
} as const satisfies ZodOpenApiObject['webhooks'];
