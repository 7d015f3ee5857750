import { createHmac, timingSafeEqual } from 'node:crypto';

/** Milliseconds that a webhook's clock may be off. */
const SKEW_MS = 5 * 60_000;

export interface SignedWebhook {
  id: string | undefined;
  /** Unix seconds, as text. */
  timestamp: string | undefined;
  /** `v1=<hex>[,v1=<hex of the previous secret>]`. */
  signature: string | undefined;
  body: Buffer;
}

/**
 * Whether a webhook is the provider's: HMAC-SHA256 over `id.timestamp.body`, with any of our secrets, so that a
 * secret can be rotated on either side.
 *
 * @returns why it is not, or `undefined`.
 */
export function checkSignature(
  message: SignedWebhook,
  secrets: readonly string[],
  now: number,
): string | undefined {
  const { id, timestamp, signature, body } = message;
  if (!id || !timestamp || !signature) return 'the X-ToAPIs-Webhook headers are missing';
  const sentAt = Number(timestamp) * 1000;
  if (!(Math.abs(now - sentAt) <= SKEW_MS)) return 'the timestamp is more than five minutes off';
  const given = signature.split(',').flatMap((part) => {
    const [version, hex = ''] = part.trim().split('=');
    return version === 'v1' && /^[0-9a-f]{64}$/.test(hex) ? [Buffer.from(hex, 'hex')] : [];
  });
  const matches = secrets.some((secret) => {
    const ours = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest();
    return given.some((theirs) => timingSafeEqual(ours, theirs));
  });
  return matches ? undefined : 'the signature is of another secret';
}
