/** Real servers that tests can use. A service that this machine does not have is absent. */
export interface Services {
  redis?: RedisService;
  s3?: S3Service;
  browser?: BrowserService;
}

export interface BrowserService {
  /** Path of a Chromium. */
  executable: string;
}

export interface RedisService {
  url: string;
}

export interface S3Service {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** The bucket exists. Each test uses an own prefix in it. */
  bucket: string;
}

export type ServiceName = keyof Services;

/** A running service, or the reason why it is missing. */
export type Finding<T> =
  | { found: true; service: T; how: string; stop: () => Promise<void> }
  | { found: false; reason: string };

/** How to get a missing service: the second half of the line that a run prints about it. */
export const howToGet: Record<ServiceName, string> = {
  redis: 'set TEST_REDIS_URL, start Docker, or `apt-get install redis-server`',
  browser: 'set TEST_CHROMIUM to the path of a Chromium, or `apt-get install chromium`',
  s3: 'set TEST_S3_ENDPOINT (with TEST_S3_ACCESS_KEY_ID, TEST_S3_SECRET_ACCESS_KEY), start Docker, or run on Debian where apt-get works',
};
