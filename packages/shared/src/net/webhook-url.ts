import type { FieldProblem } from '../field-problems.ts';
import { isLocalName, isPublicAddress } from './addresses.ts';

/** Which webhooks the tenant may use. */
export interface WebhookRules {
  /** Whether the tenant has a secret to sign webhooks with. */
  signed: boolean;
  /** Whether webhooks may go to loopback and private addresses, and over plain HTTP. */
  allowPrivate: boolean;
}

/** Checks the text of a webhook's URL. The worker checks the address that the host name resolves to. */
export function checkWebhookUrl(url: URL, { signed, allowPrivate }: WebhookRules): FieldProblem | undefined {
  const problem = (expected: string, received: string): FieldProblem => ({
    field: 'webhook_url',
    expected,
    received,
  });
  if (!signed) return problem('no webhook, because no WEBHOOK_SECRETS is set for this tenant', 'a URL');
  if (allowPrivate) return undefined;
  if (url.protocol !== 'https:') return problem('an https URL', 'an http URL');
  // A host name may end in a dot.
  const host = url.hostname.replace(/\.$/, '');
  if (!isLocalName(host) && isPublicAddress(host) !== false) return undefined;
  return problem('an address that can be reached from the internet', 'a loopback or private address');
}
