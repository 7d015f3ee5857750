import { expect, test } from 'vitest';
import { EngineError, parseQueueUrl } from '../../src/engine/index.ts';
import { describeTarget } from '../../src/engine/queue-url.ts';

test.each([
  ['redis://localhost', { kind: 'single', tls: false, address: { host: 'localhost', port: 6379 }, db: 0 }],
  [
    'rediss://user:p%40ss%2Fword@r.example:6380/3',
    {
      kind: 'single',
      tls: true,
      username: 'user',
      password: 'p@ss/word',
      address: { host: 'r.example', port: 6380 },
      db: 3,
    },
  ],
  [
    'redis://:secret@[::1]:7000?db=2',
    { kind: 'single', tls: false, password: 'secret', address: { host: '::1', port: 7000 }, db: 2 },
  ],
  [
    'redis-cluster://:secret@a:7000,b:7001,c',
    {
      kind: 'cluster',
      tls: false,
      password: 'secret',
      nodes: [
        { host: 'a', port: 7000 },
        { host: 'b', port: 7001 },
        { host: 'c', port: 6379 },
      ],
    },
  ],
  ['rediss+cluster://a', { kind: 'cluster', tls: true, nodes: [{ host: 'a', port: 6379 }] }],
  [
    'redis-sentinel://s1,s2:26380/images?db=1&sentinelPassword=hush',
    {
      kind: 'sentinel',
      tls: false,
      sentinels: [
        { host: 's1', port: 26379 },
        { host: 's2', port: 26380 },
      ],
      master: 'images',
      db: 1,
      sentinelPassword: 'hush',
    },
  ],
  [
    'redis+sentinel://s1',
    { kind: 'sentinel', tls: false, sentinels: [{ host: 's1', port: 26379 }], master: 'mymaster', db: 0 },
  ],
])('parseQueueUrl() parses %s', (url, target) => {
  expect(parseQueueUrl(url)).toEqual(target);
});

test.each([
  ['postgres://user:secret@db/queue', /PostgreSQL server.*does not support.*redis:\/\//],
  ['postgresql://db', /does not support/],
  ['amqp://guest:secret@rabbit', /scheme amqp:\/\/.*Forms/],
  ['localhost:6379', /Forms/],
  ['redis://a,b', /several hosts/],
  ['redis://', /host/],
  ['redis://host:port', /host/],
  ['redis://:secret@host/first', /database/],
])('parseQueueUrl() refuses %s with a reason, without its password', (url, reason) => {
  const parse = () => parseQueueUrl(url);
  expect(parse).toThrow(reason);
  expect(parse).toThrow(EngineError);
  expect(parse).not.toThrow(/secret/);
});

test.each([
  'redis://:p@secret/word#1@host',
  'redis://:p@secret@host',
  'redis://:p/secret@host:6379/0',
  'redis://user:1/secret@host',
  'redis://user:p?secret@host',
  'redis://user:p#secret@host',
  'redis://us@er:secret@host',
  'rediss-cluster://:p@secret@a:7000,b',
  'redis-sentinel://:p/secret@s1/images?sentinelPassword=a%40b',
])('parseQueueUrl() says how to encode the credentials of %s, without its password', (url) => {
  expect(() => parseQueueUrl(url)).toThrow(/percent-encoded: write %40 for @/);
  expect(() => parseQueueUrl(url)).not.toThrow(/secret/);
});

test('parseQueueUrl() refuses a malformed percent-encoding, without the password', () => {
  expect(() => parseQueueUrl('redis://:100%secret@host')).toThrow(/not percent-encoded/);
  expect(() => parseQueueUrl('redis://:100%secret@host')).not.toThrow(/secret/);
});

test('parseQueueUrl() accepts an @ in the query', () => {
  const target = parseQueueUrl('redis-sentinel://s1/images?sentinelPassword=a@b/c');
  expect(target).toMatchObject({ master: 'images', sentinelPassword: 'a@b/c' });
});

test.each([
  ['redis://user:secret@host:6380/3', 'redis://host:6380/3'],
  ['rediss-cluster://:secret@a,b:7001', 'rediss-cluster://a:6379,b:7001'],
  ['redis-sentinel://:secret@s1/images?sentinelPassword=secret', 'redis-sentinel://s1:26379/images'],
])('describeTarget() shows %s without its password', (url, shown) => {
  expect(describeTarget(parseQueueUrl(url))).toBe(shown);
});
