// The types are in ../service-types.ts.
//
// redis.ts      Redis: from the environment, Docker, this machine, or Debian's package
// browser.ts    a Chromium of this machine
// s3.ts         S3: from the environment, Docker (RustFS), or Ceph from Debian's packages
// bucket.ts     creates the bucket of the tests
// docker.ts     starts a container if a Docker daemon answers

import { type Finding, howToGet, type ServiceName, type Services } from '../service-types.ts';
import { findBrowser } from './browser.ts';
import { findRedis } from './redis.ts';
import { findS3 } from './s3.ts';

export type { RedisService, S3Service, ServiceName, Services } from '../service-types.ts';
export { howToGet } from '../service-types.ts';
export { findRedis } from './redis.ts';
export { findS3 } from './s3.ts';

export interface StartedServices {
  services: Services;
  /** One line for each missing service: which tests do not run, and how to get the service. */
  missing: string[];
  /** Idempotent. */
  stop: () => Promise<void>;
}

/**
 * Finds or starts all services at the same time.
 *
 * @param cacheDir the folder that keeps unpacked Debian packages between runs
 */
export async function startServices(cacheDir: string): Promise<StartedServices> {
  const [redis, s3, browser] = await Promise.all([
    findUnlessExcluded('redis', () => findRedis(cacheDir)),
    findUnlessExcluded('s3', () => findS3(cacheDir)),
    findUnlessExcluded('browser', findBrowser),
  ]);
  const services: Services = {};
  if (redis.found) services.redis = redis.service;
  if (s3.found) services.s3 = s3.service;
  if (browser.found) services.browser = browser.service;

  const missing = Object.entries({ redis, s3, browser }).flatMap(([name, finding]) =>
    finding.found
      ? []
      : [`not run: tests that need ${name} (${finding.reason}); ${howToGet[name as ServiceName]}`],
  );
  let stopped: Promise<void> | undefined;
  const stopAll = async () => {
    const stops = [redis, s3, browser].flatMap((finding) => (finding.found ? [finding.stop()] : []));
    await Promise.all(stops);
  };
  return { services, missing, stop: () => (stopped ??= stopAll()) };
}

/** With `TEST_WITHOUT=redis,s3`, the run behaves as on a machine that has neither. */
async function findUnlessExcluded<T>(
  name: ServiceName,
  find: () => Promise<Finding<T>>,
): Promise<Finding<T>> {
  const without = (process.env['TEST_WITHOUT'] ?? '').split(',');
  if (without.includes(name)) return { found: false, reason: 'excluded by TEST_WITHOUT' };
  try {
    return await find();
  } catch (error) {
    return { found: false, reason: (error as Error).message.split('\n', 1)[0] ?? 'unknown error' };
  }
}
