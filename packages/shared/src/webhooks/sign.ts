import { Webhook } from 'standardwebhooks';

/**
 * The headers of a try, in the form of Standard Webhooks. Every secret signs, so a receiver may hold any of them while
 * they are rotated.
 *
 * @param now Unix milliseconds.
 */
export function createHeaders(
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
