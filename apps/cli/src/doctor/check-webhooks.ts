import { lookup } from 'node:dns/promises';
import { selectTenantValues } from '@darkroom/shared/config';
import { isLocalName, isPublicAddress } from '@darkroom/shared/net';
import { errorMessage } from '@darkroom/shared/runtime';
import { ANSWER_MS, type Check, fail, ok, type Patient, warn } from './check.ts';

const NAME = 'webhook';

/** Checks that each receiver answers. Sends HEAD and no webhook. @param extra a URL to check besides WEBHOOK_URLS */
export async function checkWebhooks(patient: Patient, extra: string | undefined): Promise<Check[]> {
  const { WEBHOOK_URLS, WEBHOOK_SECRETS } = patient.settings;
  if (WEBHOOK_URLS.length === 0 && extra === undefined)
    return [ok(NAME, 'WEBHOOK_URLS is not set: webhooks go only to the webhook_url of each render')];
  const unsigned = WEBHOOK_URLS.filter(
    ({ tenant }) => selectTenantValues(WEBHOOK_SECRETS, tenant ?? 'default').length === 0,
  );
  const urls = [
    ...new Set([...WEBHOOK_URLS.map(({ value }) => value), ...(extra === undefined ? [] : [extra])]),
  ];
  return [
    ...(await Promise.all(urls.map((url) => checkReceiver(url, patient)))),
    ...unsigned.map(({ tenant }) =>
      fail(
        NAME,
        `${tenant ? `The tenant ${tenant}` : 'The default receiver'} has a URL but no secret in WEBHOOK_SECRETS`,
        `darkroom keys new --webhook-secret${tenant ? ` --tenant ${tenant}` : ''}`,
      ),
    ),
  ];
}

async function checkReceiver(text: string, { settings, signal }: Patient): Promise<Check> {
  if (!URL.canParse(text)) return fail(NAME, `${JSON.stringify(text)} is not a URL`, 'Give an http(s) URL.');
  const url = new URL(text);
  // The rest of the URL may be secret.
  const host = url.host;
  try {
    if (!settings.ALLOW_PRIVATE_HOSTS && (await isPrivate(url.hostname)))
      return fail(
        NAME,
        `${host} has a private address, and workers do not send webhooks there`,
        'Use a public receiver, or set ALLOW_PRIVATE_HOSTS to true.',
      );
    const response = await fetch(url, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    return response.status >= 500
      ? warn(
          NAME,
          `${host} answers with HTTP ${response.status}`,
          'Check the receiver. Webhooks are tried for a day.',
        )
      : ok(NAME, `${host} answers (HTTP ${response.status} to HEAD; no webhook was sent)`);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return fail(
      NAME,
      `${host} does not answer: ${errorMessage(cause)}`,
      'Check the receiver, DNS and the firewall.',
    );
  }
}

async function isPrivate(hostname: string): Promise<boolean> {
  if (isLocalName(hostname)) return true;
  const literal = isPublicAddress(hostname);
  if (literal !== undefined) return !literal;
  const addresses = await lookup(hostname, { all: true });
  return addresses.some(({ address }) => isPublicAddress(address) !== true);
}
