import { describe, expect, test } from 'vitest';
import { EngineError, isUnavailable } from '../../src/engine/index.ts';

describe('isUnavailable()', () => {
  test.each([
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'LOADING Redis is loading the dataset in memory',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'CLUSTERDOWN The cluster is down',
    'CLUSTERDOWN Hash slot not served',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'NOREPLICAS Not enough good replicas to write.',
    "READONLY You can't write against a read only replica.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
    "OOM command not allowed when used memory > 'maxmemory'.",
    'ERR Error running script (call to f_1): @user_script:7: -OOM command not allowed when used memory > maxmemory.',
    'NOAUTH Authentication required.',
    'WRONGPASS invalid username-password pair or user is disabled.',
    "NOPERM this user has no permissions to run the 'evalsha' command",
    "ERR The user executing the script can't run this command or subcommand",
    "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments",
    'All sentinels are unreachable. Retrying from scratch after 200ms. Last error: WRONGPASS invalid password',
    'Too many Cluster redirections. Last error: Error: MOVED 866 127.0.0.1:1',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'Connection is closed.',
  ])('is true for %s', (message) => {
    expect(isUnavailable(new Error(message))).toBe(true);
  });

  test('is true for a transaction in which Redis refused a command', () => {
    const error = new Error('EXECABORT Transaction discarded because of previous errors.');
    const previousErrors = [new Error('BUSY Redis is busy running a script.')];
    expect(isUnavailable(Object.assign(error, { previousErrors }))).toBe(true);
    expect(isUnavailable(error)).toBe(true);
    expect(isUnavailable(new Error(error.message))).toBe(false);
  });

  test('is true for a transaction whose error contains itself, because its connection was closed', () => {
    const error = new Error('Connection is closed.');
    expect(isUnavailable(Object.assign(error, { previousErrors: [error, error] }))).toBe(true);
    const other = new Error('Missing lock for job r.1. moveToFinished');
    expect(isUnavailable(Object.assign(other, { previousErrors: [other] }))).toBe(false);
  });

  test.each([
    'BUSYGROUP Consumer Group name already exists',
    'BUSYKEY Target key name already exists.',
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'ERR unknown command',
    'Missing lock for job r.1. moveToFinished',
  ])('is false for %s', (message) => {
    expect(isUnavailable(new Error(message))).toBe(false);
  });

  test('is true for an EngineError unless it is about the folder or the URL of the engine', () => {
    for (const code of ['unavailable', 'unauthorized', 'forbidden'] as const)
      expect(isUnavailable(new EngineError(code, 'away'))).toBe(true);
    for (const code of ['locked', 'unsupported'] as const)
      expect(isUnavailable(new EngineError(code, 'connect ECONNREFUSED'))).toBe(false);
  });
});
