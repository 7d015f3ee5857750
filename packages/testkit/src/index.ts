// setup.ts       vitest's global set-up: servers once per run, the output file, the search for leaked secrets
// file-setup.ts  before each test file: where output goes, what hooks left is cleaned up
// needs.ts       tests that cannot run without a server
// fresh.ts       prefixes, S3 places and folders no other test uses
// cleanup.ts     undo when a test or a file is over
// latch.ts       a gate two sides of a test meet at
// browser.ts     a page in a real Chromium
// until.ts       a condition polled with a deadline
// secrets.ts     secrets that must turn up nowhere
// services/      Redis and S3: found or started
// ceph/          an S3 server from Debian's packages
// debian/        packages unpacked below a folder
// process/       processes under test and servers, ended by their own pid
// proxy/         faults between a client and a server
import type {} from './setup.ts';

export { openPage, type WatchedPage } from './browser.ts';
export { cleanup } from './cleanup.ts';
export { type Latch, latch } from './latch.ts';
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
export { plantSecret } from './secrets.ts';
export type { RedisService, S3Service, ServiceName, Services } from './services/index.ts';
export { tempDir, uniquePrefix, uniqueS3Url } from './unique-names.ts';
export { type UntilOptions, until } from './until.ts';
