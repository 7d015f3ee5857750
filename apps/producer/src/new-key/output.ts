import { createApiKey, formatApiKey } from '@darkroom/shared/keys';
import type { Options } from './options.ts';

/** A new key and its entry for API_KEYS, for people or as JSON. */
export function createKeyOutput({ tenant, roles, perSecond, bodyBytes, json }: Options): string {
  const { text: key, sha256 } = createApiKey();
  const entry = formatApiKey({
    tenant,
    roles,
    sha256,
    ...(perSecond ? { perSecond } : {}),
    ...(bodyBytes ? { bodyBytes } : {}),
  });
  if (json) return `${JSON.stringify({ key, entry })}\n`;
  return [
    `Key of tenant ${tenant} (${roles.join(', ')}). It is shown only once:`,
    '',
    `  ${key}`,
    '',
    'Add this entry to API_KEYS (entries are separated by commas) and restart the producers:',
    '',
    `  ${entry}`,
    '',
    '',
  ].join('\n');
}

/** A new webhook secret and its entry for WEBHOOK_SECRETS, for people or as JSON. */
export function createWebhookSecretOutput({ tenant, json }: Options, bytes: Uint8Array): string {
  const secret = `whsec_${Buffer.from(bytes).toString('base64')}`;
  const entry = tenant === 'default' ? secret : `${tenant}=${secret}`;
  if (json) return `${JSON.stringify({ secret, entry })}\n`;
  return [
    'Add this entry to WEBHOOK_SECRETS of producers and workers. Receivers verify with the part that starts with whsec_:',
    '',
    `  ${entry}`,
    '',
    'To rotate, keep the old entry after the new one for a while: webhooks are signed with both.',
    '',
    '',
  ].join('\n');
}
