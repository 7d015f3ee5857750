import type { EventType, WebhookEvent } from '@darkroom/api';
import {
  type NotifyJob,
  type ObjectStore,
  type Receipt,
  renderAnswer,
  renderLinks,
  type Settings,
  standingOfReceipt,
} from '@darkroom/shared';
import { Webhook } from 'standardwebhooks';

/** How long a signed image URL in a message works. */
const URL_LIFETIME_MS = 3_600_000;

/** The body: the render as the API tells it, at this moment. */
export async function bodyOf(
  job: NotifyJob,
  receipt: Receipt,
  deps: { store: ObjectStore; settings: Settings },
): Promise<string> {
  const { PUBLIC_URL, PORT } = deps.settings;
  const links = renderLinks(PUBLIC_URL ?? `http://127.0.0.1:${PORT}`, receipt.renderId);
  const standing = standingOfReceipt(receipt);
  const urls = standing.image && {
    image: (await sign(deps.store, standing.image.key)) ?? `${links.self}/image`,
    thumbnail: (await sign(deps.store, standing.image.thumbnailKey)) ?? `${links.self}/thumbnail`,
  };
  const event: WebhookEvent = {
    type: `render.${job.state}` satisfies EventType,
    timestamp: new Date(job.endedAt).toISOString(),
    data: renderAnswer(standing, links, urls),
  };
  return JSON.stringify(event);
}

const sign = (store: ObjectStore, key: string) => store.signedUrl(key, URL_LIFETIME_MS);

/**
 * The headers of a try, as Standard Webhooks has them: signed with each secret, so that a receiver may hold any of
 * them while they are rotated.
 *
 * @param now Unix milliseconds.
 */
export function headersOf(
  id: string,
  body: string,
  secrets: readonly string[],
  now: number,
): Record<string, string> {
  const at = new Date(now);
  return {
    'content-type': 'application/json',
    'user-agent': 'Darkroom',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
