import { StoreError, type StoreErrorCode } from '../object-store.ts';

const THROTTLED =
  /SlowDown|Throttl|TooManyRequests|RequestTimeout|ServiceUnavailable|InternalError|LimitExceeded/;
const CREDENTIALS =
  /AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|CredentialsProviderError|AllAccessDisabled|RequestTimeTooSkewed/;
const NETWORK = /^(E[A-Z]{3,}|UND_ERR|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

interface SdkError {
  name?: string;
  message?: string;
  code?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number };
}

/** The HTTP status of the answer, or `undefined` without an answer. */
export function readHttpStatus(error: unknown): number | undefined {
  const { $metadata, $response } = (error ?? {}) as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** True when the object does not exist. A missing bucket is another error: see {@link toStoreError}. */
export function isMissing(error: unknown): boolean {
  return readHttpStatus(error) === 404 && (error as SdkError).name !== 'NoSuchBucket';
}

/** @param what for people: `put images/x.png` */
export function toStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  const { name = 'Error', message = '' } = (error ?? {}) as SdkError;
  const status = readHttpStatus(error);
  const details = [status, name, takeFirstLine(message)].filter(
    (part) => part && !/^(Error|Unknown|UnknownError)$/.test(`${part}`),
  );
  const text = `${what}: ${details.join(' ') || 'failed without a reason'}`;
  return new StoreError(classifyError(error as SdkError, status), text, { cause: redactError(error) });
}

function classifyError(error: SdkError, status: number | undefined): StoreErrorCode {
  const name = error.name ?? '';
  if (CREDENTIALS.test(name)) return 'denied';
  if (status === 401 || status === 403) return 'denied';
  if (THROTTLED.test(name) || status === 429 || (status !== undefined && status >= 500)) return 'unavailable';
  if (name === 'TimeoutError' || NETWORK.test(String(error.code ?? ''))) return 'unavailable';
  // The answer is not from S3 (a proxy's page with status 200), or it is incomplete.
  if (/aborted|socket hang up|deserializ/i.test(error.message ?? '')) return 'unavailable';
  return 'internal';
}

/** A copy with name, code and stack only. The SDK's errors contain access keys, strings to sign and whole responses. */
function redactError(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  const plain = new Error(takeFirstLine(error.message));
  plain.name = error.name;
  if (error.stack) plain.stack = error.stack;
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? plain : Object.assign(plain, { code });
}

const takeFirstLine = (text: string) => (text.split('\n', 1)[0] ?? '').slice(0, 300);
