import ipaddr from 'ipaddr.js';

/** The public range of IPv6. `::a.b.c.d` and other old notations of IPv4 addresses are outside of it. */
const INTERNET_6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is reachable from the internet: not loopback, private, link-local or otherwise special.
 * For an IPv4 address inside IPv6, the IPv4 address decides.
 *
 * @param address an IP literal, IPv6 with or without brackets.
 * @returns `undefined` for a text that is no IP address.
 */
export function isPublicAddress(address: string): boolean | undefined {
  const literal = address.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(literal)) return undefined;
  const ip = ipaddr.process(literal);
  if (ip.range() !== 'unicast') return false;
  return ip.kind() === 'ipv4' || ip.match(INTERNET_6);
}

/** Whether a server that listens on this host can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const literal = host.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(literal)) return isLocalName(host);
  return ipaddr.process(literal).range() === 'loopback';
}

/**
 * Whether a `Host` header names a server that only this machine can reach. A page of another site can make its own name
 * resolve to this machine and then read every response (DNS rebinding), but its requests carry that name.
 *
 * @param names the server's own names besides those of the loopback address.
 */
export function isOwnHost(header: string | undefined, names: readonly string[]): boolean {
  // HTTP/1.0, which no browser sends.
  if (header === undefined) return true;
  const hostname = header.toLowerCase().replace(/:\d*$/, '');
  return isLoopbackHost(hostname) || names.some((name) => name.toLowerCase() === hostname);
}

/** Whether a host name means this machine by definition. The answers of DNS servers do not matter. */
export function isLocalName(hostname: string): boolean {
  // A name may end in a dot.
  return /^(.+\.)?localhost\.?$/i.test(hostname);
}

/**
 * The header `Retry-After`, in seconds or as an HTTP date, as milliseconds from `now`. It is the server's wish: callers
 * set their own limits.
 *
 * @param now Unix milliseconds.
 * @returns `undefined` for a missing or malformed header and for a date in the past; `Infinity` is possible.
 */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  // HTTP dates begin with a weekday. `Date.parse` alone accepts many other texts.
  const ms = /^[A-Z]/.test(value) ? Date.parse(value) - now : Number.NaN;
  return ms > 0 ? ms : undefined;
}
