import { EngineError } from './engine.ts';

export interface Address {
  host: string;
  port: number;
}

interface Access {
  tls: boolean;
  username?: string;
  password?: string;
}

/** Where `QUEUE_URL` points. */
export type QueueTarget =
  | (Access & { kind: 'single'; address: Address; db: number })
  | (Access & { kind: 'cluster'; nodes: Address[] })
  | (Access & {
      kind: 'sentinel';
      sentinels: Address[];
      master: string;
      db: number;
      sentinelUsername?: string;
      sentinelPassword?: string;
    });

const FORMS =
  'redis://host:6379/0, rediss:// (TLS), redis-cluster://host:port,host:port, redis-sentinel://host:port,host:port/masterName';

/**
 * Parses the forms of `QUEUE_URL`. Each form takes `user:password@` (percent-encoded) before the first host, and
 * `rediss…` instead of `redis…` for TLS. `redis+cluster://` and `redis+sentinel://` are the same as with `-`.
 *
 * - `redis://host[:6379][/db]`
 * - `redis-cluster://host[:6379][,host:port…]`: any nodes of the cluster; the client discovers the other nodes
 * - `redis-sentinel://host[:26379][,host:port…][/masterName][?db=0&sentinelUsername=…&sentinelPassword=…]`:
 *   addresses of the sentinels, credentials of the master; masterName is `mymaster` by default
 *
 * @throws EngineError `unsupported`; the message contains no credentials.
 */
export function parseQueueUrl(url: string): QueueTarget {
  refuseUnencodedCredentials(url.trim());
  const match =
    /^(rediss?)(?:[-+](cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(
      url.trim(),
    );
  if (!match) throw createSchemeError(url);
  const [, scheme = '', topology, credentials = '', hosts = '', path = '', search = ''] = match;
  const query = new URLSearchParams(search);
  const colon = credentials.indexOf(':');
  const username = decodeCredential(colon < 0 ? credentials : credentials.slice(0, colon));
  const password = decodeCredential(colon < 0 ? '' : credentials.slice(colon + 1));
  const access: Access = {
    tls: scheme.toLowerCase() === 'rediss',
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
  };

  switch (topology?.toLowerCase()) {
    case 'cluster':
      return { kind: 'cluster', ...access, nodes: parseAddresses(hosts, 6379) };
    case 'sentinel': {
      const sentinelUsername = query.get('sentinelUsername');
      const sentinelPassword = query.get('sentinelPassword');
      return {
        kind: 'sentinel',
        ...access,
        sentinels: parseAddresses(hosts, 26379),
        master: decodeCredential(path) || 'mymaster',
        db: parseDatabase(query.get('db') ?? ''),
        ...(sentinelUsername ? { sentinelUsername } : {}),
        ...(sentinelPassword ? { sentinelPassword } : {}),
      };
    }
    default: {
      const [address, ...others] = parseAddresses(hosts, 6379);
      if (!address || others.length > 0) {
        throw createFormError('has several hosts; use redis-cluster:// or redis-sentinel://');
      }
      return { kind: 'single', ...access, address, db: parseDatabase(path || (query.get('db') ?? '')) };
    }
  }
}

/**
 * A password with an unencoded `@`, `/`, `?` or `#` ends early, so its rest would become a host, which logs show. Before
 * the last `@`, these characters are always part of the credentials, except in the query of a sentinel URL.
 */
function refuseUnencodedCredentials(url: string): void {
  const [beforeQuery = ''] = url.split(/\?(?:db|sentinel\w+)=/, 1);
  const credentials = /^rediss?(?:[-+]\w+)?:\/\/(.*)@/is.exec(beforeQuery)?.[1] ?? '';
  if (!/[@/?#]/.test(credentials)) return;
  throw createFormError(
    'has a user name or password with a character that must be percent-encoded: ' +
      'write %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %',
  );
}

/** For people: scheme, hosts and database, without credentials. */
export function describeTarget(target: QueueTarget): string {
  const scheme = target.tls ? 'rediss' : 'redis';
  const formatHosts = (all: Address[]) => all.map(({ host, port }) => `${host}:${port}`).join(',');
  switch (target.kind) {
    case 'single':
      return `${scheme}://${formatHosts([target.address])}/${target.db}`;
    case 'cluster':
      return `${scheme}-cluster://${formatHosts(target.nodes)}`;
    case 'sentinel':
      return `${scheme}-sentinel://${formatHosts(target.sentinels)}/${target.master}`;
  }
}

function parseAddresses(hosts: string, defaultPort: number): Address[] {
  return hosts.split(',').map((entry) => {
    const match = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i.exec(entry.trim());
    if (!match?.[1]) throw createFormError('has a host that is not host or host:port');
    return { host: match[1].replace(/^\[|\]$/g, ''), port: match[2] ? Number(match[2]) : defaultPort };
  });
}

function parseDatabase(text: string): number {
  if (text === '') return 0;
  if (!/^\d+$/.test(text)) throw createFormError('has a database that is not a number');
  return Number(text);
}

function decodeCredential(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw createFormError('has credentials that are not percent-encoded');
  }
}

function createFormError(what: string): EngineError {
  return new EngineError('unsupported', `QUEUE_URL ${what}. Forms: ${FORMS}.`);
}

function createSchemeError(url: string): EngineError {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url.trim())?.[1]?.toLowerCase();
  if (scheme && /^(postgres|postgresql|pg)$/.test(scheme)) {
    return new EngineError(
      'unsupported',
      'QUEUE_URL names a PostgreSQL server. Darkroom does not support it, because BullMQ 6.7 loses completion events ' +
        `and deadlocks under concurrency there. Use Redis (${FORMS}), or leave QUEUE_URL unset for the embedded engine.`,
    );
  }
  const received = scheme ? `scheme ${scheme}://` : 'no scheme';
  return new EngineError(
    'unsupported',
    `QUEUE_URL has ${received}. Forms: ${FORMS}; unset for the embedded engine.`,
  );
}
