import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far ToAPIs' clock may differ. */
const MAX_SKEW_MS = 5 * 60_000;

export interface SignedWebhook {
  id: string | undefined;
  /** Unix seconds, as text. */
  timestamp: string | undefined;
  /** `v1=<hex>[,v1=<hex of the previous secret>]`. */
  signature: string | undefined;
  body: Buffer;
}

/**
 * Checks that ToAPIs signed a webhook: HMAC-SHA256 over `id.timestamp.body` with one of the secrets. Several secrets
 * and several signatures are allowed, so that a secret can be rotated on either side.
 *
 * @returns what is wrong with the signature, or `undefined`.
 */
export function findSignatureError(
  webhook: SignedWebhook,
  secrets: readonly string[],
  now: number,
): string | undefined {
  const { id, timestamp, signature, body } = webhook;
  if (!id || !timestamp || !signature) return 'the X-ToAPIs-Webhook headers are missing';
  const sentAt = Number(timestamp) * 1000;
  if (!(Math.abs(now - sentAt) <= MAX_SKEW_MS)) return 'the timestamp is more than five minutes off';
  const given = signature.split(',').flatMap((part) => {
    const [version, hex = ''] = part.trim().split('=');
    return version === 'v1' && /^[0-9a-f]{64}$/.test(hex) ? [Buffer.from(hex, 'hex')] : [];
  });
  const matches = secrets.some((secret) => {
    const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest();
    return given.some((signed) => timingSafeEqual(expected, signed));
  });
  return matches ? undefined : 'the signature does not match TOAPIS_WEBHOOK_SECRET';
}
