import { expect, test } from 'vitest';
import { isLocalName, isLoopbackHost, isOwnHost, isPublicAddress } from '../src/net/index.ts';

test.each([
  ['0.0.0.0', 'this machine'],
  ['0.1.2.3', 'this network'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['10.0.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['169.254.169.254', 'cloud metadata'],
  ['192.0.0.1', 'protocols'],
  ['198.18.0.1', 'benchmarks'],
  ['203.0.113.1', 'documentation'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'this machine'],
  ['::1', 'loopback'],
  ['[::1]', 'in brackets'],
  ['fe80::1', 'link-local'],
  ['fd00::1', 'private'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['2001:db8::1', 'documentation'],
  ['::ffff:127.0.0.1', 'mapped IPv4'],
  ['::ffff:7f00:1', 'mapped IPv4 in hex'],
  ['::7f00:1', 'compatible IPv4'],
  ['::10.0.0.1', 'compatible IPv4'],
  ['64:ff9b::7f00:1', 'translated IPv4'],
  ['64:ff9b:1::a00:1', 'translated IPv4'],
  ['2002:7f00:1::', '6to4'],
  ['2001::1', 'Teredo'],
  ['4000::1', 'not assigned'],
])('%s is not public: %s', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each(['93.184.216.34', '2606:2800:220:1::1', '[2606:2800:220:1::1]', '::ffff:93.184.216.34'])(
  '%s is public',
  (address) => {
    expect(isPublicAddress(address)).toBe(true);
  },
);

test.each(['example.com', '', 'localhost', 'a.b'])('"%s" is not an address', (name) => {
  expect(isPublicAddress(name)).toBeUndefined();
});

test.each([
  ['localhost', true],
  ['LOCALHOST', true],
  ['localhost.', true],
  ['a.localhost', true],
  ['localhost.example.com', false],
  ['notlocalhost', false],
])('isLocalName(%j) is %s', (name, local) => {
  expect(isLocalName(name)).toBe(local);
});

test.each([
  'localhost',
  'localhost:3000',
  '127.0.0.1',
  '127.0.0.1:80',
  '[::1]:3000',
  'own.example',
  'Own.Example:1',
  undefined,
])('a server on this machine answers to the host %s', (header) => {
  expect(isOwnHost(header, ['own.example'])).toBe(true);
});

test.each([
  'evil.example',
  'evil.example:3000',
  '127.0.0.1.evil.example',
  '10.0.0.1',
  '[::2]',
  '',
  'own.example.evil',
])('a server on this machine does not answer to the host %s', (header) => {
  expect(isOwnHost(header, ['own.example'])).toBe(false);
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.0.1', false],
  ['example.com', false],
])('a server on %s can be reached from this machine only: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
