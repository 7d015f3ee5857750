import { expect, test } from 'vitest';
import { listAdvice, parseInfo } from '../../../src/engine/redis/facts.ts';

const good = [
  '# Server',
  'redis_version:7.2.4',
  'hz:100',
  'configured_hz:100',
  'maxmemory_policy:noeviction',
  'aof_enabled:1',
  'aof_last_write_status:ok',
  'role:master',
].join('\r\n');

test('a Redis with recommended settings gets no advice', () => {
  expect(listAdvice(parseInfo(good))).toEqual([]);
});

test.each([
  ['maxmemory_policy:noeviction', 'maxmemory_policy:allkeys-lru', /allkeys-lru.*noeviction/],
  ['aof_enabled:1', 'aof_enabled:0', /append-only file is off/],
  ['aof_last_write_status:ok', 'aof_last_write_status:err', /disk/],
  ['redis_version:7.2.4', 'redis_version:6.0.16', /6\.0\.16 is too old/],
  ['configured_hz:100', 'configured_hz:10', /hz is 10.*100 ms late/],
  ['role:master', 'role:slave', /replica/],
])('a Redis with %s changed to %s gets advice', (from, to, advice) => {
  const sentences = listAdvice(parseInfo(good.replace(from, to)));
  expect(sentences).toHaveLength(1);
  expect(sentences[0]?.text).toMatch(advice);
});

test('the redis_version of Valkey is ignored', () => {
  expect(listAdvice(parseInfo(`${good}\r\nvalkey_version:8.0.1`.replace('7.2.4', '6.0.0')))).toEqual([]);
});
