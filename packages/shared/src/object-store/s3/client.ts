import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3Settings {
  /** Something other than AWS. Addressed by path: `endpoint/bucket/key`. */
  endpoint?: string;
  /** @default 'us-east-1' with an endpoint, else what AWS's own settings say */
  region?: string;
  /** Both or none; without them AWS's credential chain is asked. */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** A connection that is silent for so long is given up, in milliseconds. @default 30_000 */
  idleTimeoutMs?: number;
}

export interface S3Clients {
  /** For what may be sent again without harm. */
  retrying: S3Client;
  /** For what may not: put-if-absent would be told 412 about its own object, and a stream is used up. */
  once: S3Client;
  close: () => void;
}

/** Opens no connection yet. */
export function createClients(settings: S3Settings): S3Clients {
  const { endpoint, region, accessKeyId, secretAccessKey, idleTimeoutMs = 30_000 } = settings;
  const agent = { keepAlive: true, maxSockets: 256 };
  const config: S3ClientConfig = {
    // Without one the SDK warns on the console about what it throws anyway.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    // The SDK's default checksums travel as trailers, which many servers other than AWS refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(5_000, idleTimeoutMs),
      // Idle, not total: a large upload over a thin line is slow, and healthy.
      socketTimeout: idleTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
  if (endpoint) Object.assign(config, { endpoint, forcePathStyle: true });
  const where = region ?? (endpoint ? 'us-east-1' : undefined);
  if (where) config.region = where;
  if (accessKeyId && secretAccessKey) config.credentials = { accessKeyId, secretAccessKey };
  const retrying = new S3Client({ ...config, maxAttempts: 3 });
  const once = new S3Client({ ...config, maxAttempts: 1 });
  return {
    retrying,
    once,
    close: () => {
      retrying.destroy();
      once.destroy();
    },
  };
}
