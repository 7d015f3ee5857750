import { EngineError } from '@darkroom/shared/engine';
import { StoreError } from '@darkroom/shared/object-store';
import { ProblemError } from './problem.ts';

const TRY_AGAIN_S = 2;

/** Any failure as an answer. What nobody foresaw is `internal_error` and tells nothing about the inside. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (isQueueAway(error)) return queueUnavailable(error);
  if (error instanceof StoreError && error.code !== 'internal' && error.code !== 'invalid_key') {
    return storeUnavailable(error);
  }
  return problemFromFastify(error) ?? new ProblemError('internal_error', UNFORESEEN, { cause: error });
}

/** The door's queue calls tell it in one way only. A store that is away may read the same in its message. */
export function isQueueAway(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'unavailable';
}

const UNFORESEEN = 'This was not foreseen. The request id leads to the log line that says more.';

export function queueUnavailable(cause: unknown, renderId?: string): ProblemError {
  const detail = renderId
    ? 'The queue did not confirm the render. Send the same request with the same Idempotency-Key again; without a key, ask for render_id first, as it may have been accepted.'
    : 'The queue cannot be reached at the moment. Try again soon.';
  return new ProblemError('queue_unavailable', detail, {
    cause,
    retryAfter: TRY_AGAIN_S,
    ...(renderId ? { renderId } : {}),
  });
}

export function storeUnavailable(cause: unknown): ProblemError {
  return new ProblemError('store_unavailable', 'The object store cannot be reached. Try again soon.', {
    cause,
    retryAfter: TRY_AGAIN_S,
  });
}

function problemFromFastify(error: unknown): ProblemError | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ProblemError('body_too_large', 'The body is larger than this address takes.', {
        problems: [{ field: 'body', expected: 'a smaller body', received: 'more bytes than are allowed' }],
      });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ProblemError(
        'unsupported_media_type',
        'The header Content-Type does not name a media type.',
      );
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new ProblemError('empty_body', 'The body is empty.');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ProblemError('invalid_json', 'The body is not JSON.');
    case 'FST_ERR_NOT_FOUND':
      return new ProblemError('not_found', 'There is nothing at this address.');
    default: {
      const status = 'statusCode' in error ? error.statusCode : undefined;
      if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
      return new ProblemError(
        'bad_request',
        'The request cannot be read: its address, length or headers are broken.',
        {
          cause: error,
        },
      );
    }
  }
}
