import type { JobRequest, ProviderName } from '@darkroom/shared/render';

/** What the worker needs of an image provider. Every call returns a closed union and throws only for bugs. */
export interface Provider {
  /** Persisted with every purchase. */
  readonly name: ProviderName;
  /** Hosts from which its results are downloaded. */
  readonly resultHosts: readonly string[];
  /** Of the whole account: all workers together stay inside it (I9). */
  readonly quota: ProviderQuota;
  /** What one purchase costs, in micro-dollars. */
  priceMicros(request: JobRequest): number;
  /** Buys one image. It never retries: only the caller holds the ledger's intent (I2). */
  submit(submission: Submission): Promise<SubmitAnswer>;
  /** Reads the status of a task once. */
  poll(taskId: string, signal: AbortSignal): Promise<PollAnswer>;
  /** Uploads the bytes of a reference image. */
  upload(image: InputBytes, signal: AbortSignal): Promise<UploadAnswer>;
  readBalance(signal: AbortSignal): Promise<BalanceAnswer>;
  /** Makes a free call and checks that the provider itself answers. A gateway, or another host, does not. */
  prove(signal: AbortSignal): Promise<ProofAnswer>;
  close(): Promise<void>;
}

export interface ProviderQuota {
  submitsPerSecond: number;
  pollsPerSecond: number;
}

export interface Submission {
  /** The provider's webhooks repeat it. */
  renderId: string;
  /** The whole request. Its references are resolved in `inputs`. */
  request: JobRequest;
  inputs: ProviderInputs;
}

/** Reference images and mask as the provider takes them: URLs, or data URIs if inputs travel inline. */
export interface ProviderInputs {
  imageUrls: string[];
  maskUrl?: string;
}

export interface InputBytes {
  bytes: Uint8Array;
  contentType: string;
}

/** The quota of the account is used up. */
export interface RateLimited {
  kind: 'rate_limited';
  retryAfterMs: number;
}

/** The account cannot buy. Every job is kept until it can. */
export interface AccountStopped {
  kind: 'account';
  reason: 'unauthorized' | 'insufficient_quota';
  message: string;
}

/** The provider will never take this request. */
export interface Refused {
  kind: 'refused';
  code: 'invalid_request' | 'content_policy_violation';
  message: string;
}

/** Certainly nothing was bought. Another try may succeed. */
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
  /** The request was sent. It may have been bought. */
  | { kind: 'unknown'; reason: string };

export type PollAnswer =
  /** `isKnownStatus` is false for a status that no documentation names. */
  | { kind: 'pending'; status: string; isKnownStatus: boolean; progress: number }
  /** `expiresAt` in Unix ms; `tookMs` by the provider's own clock. */
  | { kind: 'completed'; url: string; expiresAt: number | undefined; tookMs: number | undefined }
  /** The provider gave up and refunded. `content`: because of its content policy. */
  | { kind: 'failed'; content: boolean; message: string }
  | { kind: 'missing' }
  | RateLimited
  /** The response holds no readable status. */
  | { kind: 'unreadable'; reason: string };

export type UploadAnswer =
  | { kind: 'uploaded'; url: string }
  | RateLimited
  | AccountStopped
  | Refused
  | NotBought;

export type ProofAnswer =
  | { kind: 'proven' }
  /** No connection. */
  | NotBought
  /** An answer came, but not in the provider's form, or none came in time. */
  | { kind: 'unproven'; reason: string };

export type BalanceAnswer =
  /** `remaining` is in the provider's own unit. Absent: the account has no limit. */
  | { kind: 'usable'; remaining?: number }
  /** `remaining` is absent if the answer contains no number. */
  | { kind: 'empty'; remaining?: number }
  | { kind: 'unauthorized' }
  | { kind: 'unreadable'; reason: string };
