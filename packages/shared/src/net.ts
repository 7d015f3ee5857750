import ipaddr from 'ipaddr.js';

/** All that is handed out of IPv6 for the internet. Outside of it lie `::a.b.c.d` and other old ways to an IPv4. */
const INTERNET_6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is reachable from the internet: not loopback, private, link-local or otherwise special.
 * IPv4 inside IPv6 is judged as the IPv4 that it reaches.
 *
 * @param address an IP literal, IPv6 with or without brackets.
 * @returns `undefined` for what is no IP address.
 */
export function isPublicAddress(address: string): boolean | undefined {
  const literal = address.replace(/^\[|\]$/g, '');
  if (!ipaddr.isValid(literal)) return undefined;
  const ip = ipaddr.process(literal);
  if (ip.range() !== 'unicast') return false;
  return ip.kind() === 'ipv4' || ip.match(INTERNET_6);
}

/** Whether a host name is this machine's own by definition, whatever a DNS server says of it. */
export function isLocalName(hostname: string): boolean {
  // A name may end in a dot.
  return /^(.+\.)?localhost\.?$/i.test(hostname);
}
