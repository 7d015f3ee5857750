import { StoreError, type StoreErrorCode } from '../object-store.ts';

const CREDENTIALS =
  /AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|CredentialsProviderError|AllAccessDisabled|RequestTimeTooSkewed/;
/** S3 answers these while a setting is wrong. A front end may answer NoSuchBucket for a while, so a render waits. */
const SETTINGS =
  /^(NoSuchBucket|InvalidBucketName|PermanentRedirect|AuthorizationHeaderMalformed|NotImplemented)$/;
const NETWORK = /^(E[A-Z]{3,}|UND_ERR|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

interface SdkError {
  name?: string;
  message?: string;
  code?: unknown;
  /** `Code` and `Key` of an S3 error document. Absent when the answer had another body, or none. */
  Code?: unknown;
  Key?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number };
}

/** The HTTP status of the answer, or `undefined` without an answer. */
export function readHttpStatus(error: unknown): number | undefined {
  const { $metadata, $response } = (error ?? {}) as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** The code of the error document that S3 sent. A page of a front end has none: the SDK names it after its status. */
export function readDocumentCode(error: unknown): string | undefined {
  const { Code } = (error ?? {}) as SdkError;
  return typeof Code === 'string' ? Code : undefined;
}

/**
 * True when S3 says in its error document that this key does not exist. A 404 without that document is no such answer: a
 * HEAD never has one, and an ingress sends its own page.
 *
 * @param key of the bucket, with the store's prefix
 */
export function isMissing(error: unknown, key: string): boolean {
  if (readHttpStatus(error) !== 404 || readDocumentCode(error) !== 'NoSuchKey') return false;
  const { Key } = error as SdkError;
  // Some servers do not repeat the key.
  return typeof Key !== 'string' || Key === '' || decodeKey(Key) === key;
}

function decodeKey(key: string): string {
  try {
    return decodeURIComponent(key).replace(/^\/+/, '');
  } catch {
    return key;
  }
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
  if (CREDENTIALS.test(error.name ?? '')) return 'denied';
  if (status === 401 || status === 403) return 'denied';
  if (SETTINGS.test(readDocumentCode(error) ?? '')) return 'misconfigured';
  // Whatever answered: the request was well-formed, so a later try may succeed.
  if (status !== undefined) return 'unavailable';
  if (error.name === 'TimeoutError' || NETWORK.test(String(error.code ?? ''))) return 'unavailable';
  // The answer is incomplete, or it is not from S3.
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
