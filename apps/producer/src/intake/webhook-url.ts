import { isPublicAddress } from '@darkroom/shared/net';
import { type FieldProblem } from '../problems/field-problems.ts';

/** What a tenant's webhooks may be. */
export interface WebhookRules {
  /** Whether there is a secret to sign them with. */
  signed: boolean;
  /** Whether they may go to loopback and private addresses, and over plain HTTP. */
  allowPrivate: boolean;
}

/**
 * What is wrong with a URL that a caller wants to be told at, as far as its text says: whoever connects looks at what
 * its name resolves to.
 */
export function checkWebhookUrl(url: URL, { signed, allowPrivate }: WebhookRules): FieldProblem | undefined {
  const no = (expected: string, received: string): FieldProblem => ({
    field: 'webhook_url',
    expected,
    received,
  });
  if (!signed) return no('no webhook, as no WEBHOOK_SECRETS is set for this tenant', 'a URL');
  if (allowPrivate) return undefined;
  if (url.protocol !== 'https:') return no('an https URL', 'an http URL');
  // A name may end in a dot.
  const host = url.hostname.replace(/\.$/, '');
  const local = host === 'localhost' || host.endsWith('.localhost');
  if (!local && isPublicAddress(host) !== false) return undefined;
  return no('an address that can be reached from the internet', 'a loopback or private one');
}
