import { createHmac } from 'node:crypto';

/** The headers of one delivery: an HMAC-SHA256 per secret over `id.timestamp.body`, the current secret first. */
export function signDelivery(
  delivery: { id: string; timestamp: number; body: string },
  secrets: readonly string[],
): Record<string, string> {
  const content = `${delivery.id}.${delivery.timestamp}.${delivery.body}`;
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(content).digest('hex')}`,
  );
  return {
    'content-type': 'application/json',
    'x-toapis-webhook-id': delivery.id,
    'x-toapis-webhook-timestamp': String(delivery.timestamp),
    'x-toapis-webhook-signature': signatures.join(','),
  };
}
