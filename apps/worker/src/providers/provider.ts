/** What the worker needs of an image provider. Every call answers with a closed union and throws only for bugs. */
export interface Provider {
  /** For people. */
  readonly name: string;
  /** Hosts that results of this provider come from. */
  readonly resultHosts: readonly string[];
  /** Buys one image. Never retried in here: who calls it holds the ledger's intent (I2). */
  submit(request: Submission): Promise<SubmitAnswer>;
  /** One look at a task. */
  status(taskId: string, signal: AbortSignal): Promise<StatusAnswer>;
  /** Hands over the bytes of a reference image. */
  upload(image: InputBytes, signal: AbortSignal): Promise<UploadAnswer>;
  balance(signal: AbortSignal): Promise<BalanceAnswer>;
  close(): Promise<void>;
}

export interface Submission {
  model: string;
  prompt: string;
  size?: string | undefined;
  resolution: string;
  /** URLs, or data URIs where inputs travel inline. */
  imageUrls: string[];
  maskUrl?: string | undefined;
  /** Comes back in webhooks: the render's id. */
  businessId: string;
}

export interface InputBytes {
  bytes: Uint8Array;
  contentType: string;
}

/** The provider wants us to slow down. */
export interface RateLimited {
  kind: 'rate_limited';
  retryAfterMs: number;
}

/** The account cannot buy: every job is kept until it can. */
export interface AccountStopped {
  kind: 'account';
  reason: 'unauthorized' | 'insufficient_quota';
  message: string;
}

/** The request itself will never be taken. */
export interface Refused {
  kind: 'refused';
  code: 'invalid_request' | 'content_policy_violation';
  message: string;
}

/** Certainly nothing was bought; worth another try. */
export interface NotBought {
  kind: 'not_bought';
  reason: string;
  retryAfterMs?: number | undefined;
}

export type SubmitAnswer =
  | { kind: 'accepted'; taskId: string }
  | RateLimited
  | AccountStopped
  | Refused
  | NotBought
  /** It was sent and may have been bought; nobody knows. */
  | { kind: 'unknown'; reason: string };

export type StatusAnswer =
  /** `recognised` is false for a status that no documentation names. */
  | { kind: 'pending'; status: string; recognised: boolean; progress: number }
  /** `expiresAt` in Unix ms; `tookMs` by the provider's own clock. */
  | { kind: 'completed'; url: string; expiresAt: number | undefined; tookMs: number | undefined }
  /** The provider gave up and refunded. */
  | { kind: 'failed'; content: boolean; message: string }
  | { kind: 'missing' }
  | RateLimited
  /** Nothing could be learnt from this look. */
  | { kind: 'unreadable'; reason: string };

export type UploadAnswer =
  | { kind: 'uploaded'; url: string }
  | RateLimited
  | AccountStopped
  | Refused
  | NotBought;

export type BalanceAnswer =
  | { kind: 'usable' }
  | { kind: 'empty' }
  | { kind: 'unauthorized' }
  | { kind: 'unreadable'; reason: string };
