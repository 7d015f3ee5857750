import { EngineError, isUnavailable } from '@darkroom/shared/engine';
import { isStoreAway } from '@darkroom/shared/object-store';
import { NewerDataError } from '@darkroom/shared/render';
import { ProblemError } from './problem.ts';

const RETRY_AFTER_S = 2;
const RESTORING_RETRY_AFTER_S = 5;

/** Any error as a problem. An unexpected error becomes `internal_error`, which reveals nothing about the inside. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isQueueAway(error)) return queueUnavailable(error);
  if (isStoreAway(error)) return storeUnavailable(error);
  if (error instanceof NewerDataError) return newerData(error);
  return problemFromFastify(error) ?? new ProblemError('internal_error', UNEXPECTED, { cause: error });
}

/** Only the error's class counts: the message of an unreachable store can look the same. */
export function isQueueAway(error: unknown): boolean {
  return error instanceof EngineError && isUnavailable(error);
}

const UNEXPECTED = 'Unexpected error. Search the log for the request id to find the cause.';

export function queueUnavailable(cause: unknown, renderId?: string): ProblemError {
  const detail = renderId
    ? 'The queue did not confirm the render. Send the same request with the same Idempotency-Key again. Without a key, get render_id first: the render may have been accepted.'
    : 'The queue cannot be reached. Try again soon.';
  return new ProblemError('queue_unavailable', detail, {
    cause,
    retryAfter: RETRY_AFTER_S,
    ...(renderId ? { renderId } : {}),
  });
}

export function storeUnavailable(cause: unknown): ProblemError {
  return new ProblemError('store_unavailable', 'The object store cannot be reached. Try again soon.', {
    cause,
    retryAfter: RETRY_AFTER_S,
  });
}

/** An id that is not found may be one of the renders that the queue has lost. */
export function stillRestoring(): ProblemError {
  return new ProblemError(
    'restoring',
    'Renders are being restored after a restart or a loss of the queue. This one may be among them. Try again soon.',
    { retryAfter: RESTORING_RETRY_AFTER_S },
  );
}

/** During a rolling update, a producer of the newer release answers the next call. */
function newerData(cause: NewerDataError): ProblemError {
  const detail =
    'A newer release of Darkroom wrote this data, and this process cannot read it yet. Try again soon. If this lasts, update all producers.';
  return new ProblemError('queue_unavailable', detail, { cause, retryAfter: RETRY_AFTER_S });
}

function problemFromFastify(error: unknown): ProblemError | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ProblemError('body_too_large', 'The body is larger than this path allows.', {
        problems: [{ field: 'body', expected: 'a smaller body', received: 'more bytes than are allowed' }],
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ProblemError(
        'unsupported_media_type',
        'The Content-Type header does not name a media type.',
      );
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new ProblemError('empty_body', 'The body is empty.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ProblemError('invalid_json', 'The body is not JSON.');
    case 'FST_ERR_NOT_FOUND':
      return new ProblemError('not_found', 'There is nothing at this path.');
    default: {
      const status = 'statusCode' in error ? error.statusCode : undefined;
      if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
      return new ProblemError(
        'bad_request',
        'The request cannot be read: its URL, length or headers are broken.',
        { cause: error },
      );
    }
  }
}
