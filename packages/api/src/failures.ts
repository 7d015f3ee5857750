import type { FailureCode } from './fields.ts';

/** What callers and operators need to know about a reason why renders fail. Backticks mark code. */
export interface FailureInfo {
  title: string;
  /** What has happened, and what was paid. */
  meaning: string;
  /**
   * Whether a caller should send the same request again, with a new idempotency key. False when the request must change,
   * or when an image that may be paid for can still arrive.
   */
  retryable: boolean;
  /** What the caller does. */
  advice: string;
  /** What happens when an operator redrives the render. */
  redrive: string;
}

/** Every reason why a render fails. Each has a page at `/problems/{code}`. */
export const FAILURES = {
  invalid_request: {
    title: 'The provider rejected the request',
    meaning:
      'The provider answered that the request is not valid. Darkroom had accepted it: the provider checks more than the API does. Nothing was bought.',
    retryable: false,
    advice: 'Read `error.message`. It contains the answer of the provider. Change the request.',
    redrive: 'Submits the same request again.',
  },
  content_policy_violation: {
    title: 'The provider rejected the content',
    meaning:
      'The prompt, a reference image or the result violates the content policy of the provider. A purchase was refunded.',
    retryable: false,
    advice: 'Change the prompt or the reference images, and create a new render.',
    redrive: 'Submits the same request again. The provider probably rejects it again.',
  },
  submission_unknown: {
    title: 'The outcome of the submission is unknown',
    meaning:
      'The request was sent to the provider, and no valid answer came back. The image may have been bought. Darkroom does not send it again, because that could buy the image twice.',
    retryable: false,
    advice:
      'Ask an operator to look for the task in the account of the provider. A new render may pay for the image a second time.',
    redrive:
      'Reads the ledger again, and continues if the task id has arrived there. It does not submit, unless an operator has stated what became of the purchase, or `SUBMIT_UNKNOWN` is `resubmit`.',
  },
  account_refused: {
    title: 'The account at the provider refuses this render',
    meaning:
      'The provider answered three times that its account cannot buy this render, although the key and the balance are fine. Nothing was bought.',
    retryable: false,
    advice: 'Read `error.message`. Ask an operator whether the account may use this model and resolution.',
    redrive: 'Submits the same request again.',
  },
  upstream_unreachable: {
    title: 'The provider could not be reached',
    meaning:
      'All `SUBMIT_ATTEMPTS` attempts to submit the render failed before the provider processed it. Nothing was bought.',
    retryable: true,
    advice: 'Create the render again later, with a new idempotency key.',
    redrive: 'Submits the request again, with all attempts.',
  },
  task_lost: {
    title: 'The provider does not know the task',
    meaning:
      'The provider accepted the purchase. Later it answered every poll with 404, for longer than `TASK_MISSING_GRACE_MS`. It may have been charged.',
    retryable: false,
    advice: 'Ask an operator for a redrive. A new render pays for the image a second time.',
    redrive: 'Polls the same task again. Buys nothing.',
  },
  task_timeout: {
    title: 'The task took too long',
    meaning:
      'The provider accepted the purchase, and did not finish the task within `TASK_DEADLINE_MS`. It may have been charged, and may still finish.',
    retryable: false,
    advice: 'Ask an operator for a redrive. A new render pays for the image a second time.',
    redrive: 'Polls the same task again, with a new deadline. Buys nothing.',
  },
  generation_failed: {
    title: 'The provider could not generate the image',
    meaning: 'The provider accepted and then failed `MAX_PURCHASES` tasks. It refunded all of them.',
    retryable: true,
    advice:
      'Create the render again later, with a new idempotency key. If it fails again, change the request.',
    redrive: 'Buys once more.',
  },
  result_expired: {
    title: 'The result expired before it was stored',
    meaning:
      'The provider generated the image, but it could not be downloaded and stored before its URL expired. This happened to `MAX_PURCHASES` purchases, which are all paid for.',
    retryable: true,
    advice:
      'Report it to the operators, because the downloads or the store have a lasting fault. After it is fixed, create the render again with a new idempotency key.',
    redrive: 'Buys once more.',
  },
  result_host_refused: {
    title: 'The result is on a host that is not allowed',
    meaning:
      'The provider generated the image, and its URL names a host from which workers may not download. The image is paid for.',
    retryable: false,
    advice:
      'Ask an operator to add the host to `RESULT_HOSTS` and to redrive the render before its result expires.',
    redrive: 'Downloads the same image. Buys nothing, unless the result has expired.',
  },
  worker_lost: {
    title: 'Workers died on the render too often',
    meaning:
      'Several worker processes ended while they ran this render, for example for lack of memory. It may have been bought.',
    retryable: false,
    advice:
      'Report it to the operators. They find the reason in the logs of the workers, and redrive the render.',
    redrive:
      'Continues with the step that failed. The ledger decides about buying, so nothing is bought twice.',
  },
  internal_error: {
    title: 'Unexpected error in Darkroom',
    meaning:
      'A bug, or data that Darkroom cannot read. The dead letter has the stack. It may have been bought.',
    retryable: false,
    advice: 'Report it to the operators. They redrive the render after the fault is fixed.',
    redrive:
      'Continues with the step that failed. The ledger decides about buying, so nothing is bought twice.',
  },
} as const satisfies Record<FailureCode, FailureInfo>;
