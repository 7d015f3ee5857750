import ipaddr from 'ipaddr.js';

/**
 * Whether an IP address is reachable from the internet: not loopback, private, link-local or otherwise special.
 * IPv4 inside IPv6 is judged as the IPv4 that it reaches.
 *
 * @param address an IP literal, IPv6 with or without brackets.
 * @returns `undefined` for what is no IP address.
 */
export function isPublicAddress(address: string): boolean | undefined {
  const literal = address.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(literal) ? ipaddr.process(literal).range() === 'unicast' : undefined;
}
