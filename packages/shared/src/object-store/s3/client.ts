import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

export interface S3Settings {
  /** A server other than AWS. Addressed by path: `endpoint/bucket/key`. */
  endpoint?: string;
  /** @default 'us-east-1' with an endpoint, otherwise from AWS's own settings */
  region?: string;
  /** Both or none. Without them, credentials come from AWS's credential chain. */
  accessKeyId?: string;
  secretAccessKey?: string;
  /** Milliseconds after which a silent connection is closed. @default 30_000 */
  idleTimeoutMs?: number;
}

export interface S3Clients {
  /** For requests that may be repeated. */
  retrying: S3Client;
  /** For requests that must not be repeated: put-if-absent would get 412 about its own object; a stream is used up. */
  once: S3Client;
  close: () => void;
}

/** Creates the clients. They open no connection yet. */
export function createClients(settings: S3Settings): S3Clients {
  const { endpoint, region, accessKeyId, secretAccessKey, idleTimeoutMs = 30_000 } = settings;
  const agent = { keepAlive: true, maxSockets: 256 };
  const config: S3ClientConfig = {
    // Without a logger, the SDK also prints its errors on the console.
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    // The SDK sends its default checksums as trailers, which many servers other than AWS refuse.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: Math.min(5_000, idleTimeoutMs),
      // A limit of the idle time, not of the whole request: a large upload over a slow line is no error.
      socketTimeout: idleTimeoutMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
  if (endpoint) Object.assign(config, { endpoint, forcePathStyle: true });
  const usedRegion = region ?? (endpoint ? 'us-east-1' : undefined);
  if (usedRegion) config.region = usedRegion;
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
