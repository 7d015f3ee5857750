import { createApiKey, formatApiKey } from '@darkroom/shared/keys';
import type { Options } from './options.ts';

/** A new key and the entry that lets it in, for people or as JSON. */
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
    `Key of tenant ${tenant} (${roles.join(', ')}); it is shown only now:`,
    '',
    `  ${key}`,
    '',
    'Add this entry to API_KEYS, where entries are separated by commas, and restart the producers:',
    '',
    `  ${entry}`,
    '',
    '',
  ].join('\n');
}

/** A new secret for webhooks as `WEBHOOK_SECRETS` takes it. */
export function createWebhookSecretOutput({ tenant, json }: Options, bytes: Uint8Array): string {
  const secret = `whsec_${Buffer.from(bytes).toString('base64')}`;
  const entry = tenant === 'default' ? secret : `${tenant}=${secret}`;
  if (json) return `${JSON.stringify({ secret, entry })}\n`;
  return [
    'Add this entry to WEBHOOK_SECRETS of producers and workers; receivers verify with the part from whsec_ on:',
    '',
    `  ${entry}`,
    '',
    'While you rotate, keep the old entry after it: webhooks are signed with both.',
    '',
    '',
  ].join('\n');
}
