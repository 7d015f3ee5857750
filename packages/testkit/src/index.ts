// setup.ts         vitest's global set-up: starts the servers, opens the output file, searches it for leaked secrets
// file-setup.ts    runs before each test file: sets the output file, registers the clean-up of hooks
// requires.ts      skips or fails tests whose server is missing
// own-redis.ts    a redis-server for one test, which the test may stop, block or restrict
// unique-names.ts  prefixes, S3 URLs and folders that no other test uses
// database-dir.ts  a DATA_DIR with an embedded queue, copied from one that the run creates once
// cleanup.ts       undoes something when a test or a file is over
// latch.ts         a gate where one side of a test waits for the other
// browser.ts       a page in a real Chromium
// until.ts         polls a condition until a deadline
// secrets.ts       secrets that no process may write
// services/        Redis, S3 and a browser: found or started
// service-types.ts  the services that tests can use, and how to get each
// ceph/            an S3 server from Debian's packages
// debian/          unpacks packages below a folder
// process/         processes under test and servers, each ended by its own pid
// proxy/           faults between a client and a server
import type {} from './setup.ts';

export { openPage, type WatchedPage } from './browser.ts';
export { cleanup } from './cleanup.ts';
export { databaseDir } from './database-dir.ts';
export { type Latch, latch } from './latch.ts';
export {
  connectAdmin,
  createOwnRedis,
  type RedisServer,
  runEndlessScript,
  spawnRedis,
  withOwnRedis,
} from './own-redis.ts';
export {
  appendToRun,
  freePort,
  type NodeProcess,
  runOutput,
  type SpawnNodeOptions,
  spawnNode,
} from './process/index.ts';
export { type HttpFault, type HttpProxy, type Proxy, startHttpProxy, startProxy } from './proxy/index.ts';
export { requires, service } from './requires.ts';
export { createRuledBucket } from './ruled-bucket.ts';
export { plantSecret } from './secrets.ts';
export type { RedisService, S3Service, ServiceName, Services } from './services/index.ts';
export { tempDir, uniquePrefix, uniqueS3Url } from './unique-names.ts';
export { type UntilOptions, until } from './until.ts';
