// services.ts   what tests are given, and how a finding looks
// redis.ts      Redis: environment, Docker, this machine, Debian's package
// browser.ts    a Chromium of this machine
// s3.ts         S3: environment, Docker (RustFS), Ceph from Debian's packages
// bucket.ts     makes the bucket the tests use
// docker.ts     a container, where a Docker daemon answers
import { findBrowser } from './browser.ts';
import { findRedis } from './redis.ts';
import { findS3 } from './s3.ts';
import { type Finding, howToGet, type ServiceName, type Services } from './services.ts';

export { findRedis } from './redis.ts';
export type { RedisService, S3Service, ServiceName, Services } from './services.ts';
export { howToGet } from './services.ts';

export interface StartedServices {
  services: Services;
  /** One plain line for each service that is not here: what is not run, and how to get it. */
  missing: string[];
  /** Idempotent. */
  stop: () => Promise<void>;
}

/**
 * Finds or starts every service, side by side.
 *
 * @param cacheDir where unpacked Debian packages are kept from run to run
 */
export async function startServices(cacheDir: string): Promise<StartedServices> {
  const [redis, s3, browser] = await Promise.all([
    wanted('redis', () => findRedis(cacheDir)),
    wanted('s3', () => findS3(cacheDir)),
    wanted('browser', findBrowser),
  ]);
  const services: Services = {};
  if (redis.found) services.redis = redis.service;
  if (s3.found) services.s3 = s3.service;
  if (browser.found) services.browser = browser.service;

  const missing = Object.entries({ redis, s3, browser }).flatMap(([name, finding]) =>
    finding.found
      ? []
      : [`not run: tests that need ${name} (${finding.why}); ${howToGet[name as ServiceName]}`],
  );
  let stopped: Promise<void> | undefined;
  const stopAll = async () => {
    const stops = [redis, s3, browser].flatMap((finding) => (finding.found ? [finding.stop()] : []));
    await Promise.all(stops);
  };
  return { services, missing, stop: () => (stopped ??= stopAll()) };
}

/** `TEST_WITHOUT=redis,s3` pretends that a machine has neither. */
async function wanted<T>(name: ServiceName, find: () => Promise<Finding<T>>): Promise<Finding<T>> {
  const without = (process.env['TEST_WITHOUT'] ?? '').split(',');
  if (without.includes(name)) return { found: false, why: 'TEST_WITHOUT says so' };
  try {
    return await find();
  } catch (error) {
    return { found: false, why: (error as Error).message.split('\n', 1)[0] ?? 'unknown error' };
  }
}
