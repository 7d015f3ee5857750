import { createDnsLookup, createGuardedLookup, isLocalName, isPublicAddress } from '@darkroom/shared/net';
import { Agent, buildConnector, request } from 'undici';

/** Sends a ping. @throws when the receiver did not take it */
export interface Pinger {
  ping(url: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Sends pings over https to public addresses only, as webhooks are sent. Redirects are not followed. */
export function openPinger(allowPrivate: boolean): Pinger {
  const refuse = (host: string) => new Error(`${host} is not a public address (ALLOW_PRIVATE_HOSTS)`);
  const lookup = createGuardedLookup(
    (address, host) => (allowPrivate || isPublicAddress(address) ? undefined : refuse(host)),
    allowPrivate ? undefined : createDnsLookup(),
  );
  const dispatcher = new Agent({ connect: buildConnector({ timeout: TIMEOUT_MS, lookup }) });
  return {
    async ping(url, signal) {
      const { hostname, protocol } = new URL(url);
      // A socket does no lookup for a literal address.
      if (!allowPrivate && (isLocalName(hostname) || isPublicAddress(hostname) === false))
        throw refuse(hostname);
      if (!allowPrivate && protocol !== 'https:') throw new Error('pings go over https only');
      const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const { statusCode, body } = await request(url, { dispatcher, method: 'GET', signal: limited });
      await body.dump({ limit: MAX_RESPONSE_BYTES, signal: limited }).catch(() => undefined);
      if (statusCode < 200 || statusCode > 299) throw new Error(`status ${statusCode}`);
    },
    close: () => dispatcher.destroy(),
  };
}
