import type { Job, Queue, QueueEvents, QueueOptions, Worker, WorkerOptions } from 'bullmq';
import type { Counters } from './counters.ts';

/** A processor as BullMQ calls it; declaring three parameters is what makes BullMQ hand over the signal. */
export type Processor<D, R> = (job: Job<D, R>, token: string, signal: AbortSignal) => Promise<R>;

export type EngineQueueOptions = Pick<QueueOptions, 'defaultJobOptions' | 'streams'>;
export type EngineWorkerOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/**
 * Where the queues live. BullMQ's own classes are the interface: an engine only decides what they stand on,
 * owns the connections, and knows what its kind can get wrong.
 */
export interface Engine {
  readonly kind: 'redis' | 'pglite';
  /** For people: host and database, no credentials. */
  readonly description: string;
  /** The same queue object for the same name. Closed by `close`. Rejects fast when the engine is away. */
  queue<D, R>(name: string, options?: EngineQueueOptions): Queue<D, R>;
  /** A worker that waits for the engine as long as it takes. The caller closes it; `close` closes what is left. */
  worker<D, R>(name: string, processor: Processor<D, R>, options?: EngineWorkerOptions): Worker<D, R>;
  events(name: string): QueueEvents;
  /**
   * The data of jobs as JSON text, in the order of their ids; `undefined` for those that are not there. For thousands of
   * them: whole jobs cost five times as much to read. Rejects fast when the engine is away.
   */
  readJobTexts(queue: string, jobIds: readonly string[]): Promise<(string | undefined)[]>;
  /** Shared numbers that BullMQ has no place for (quotas). */
  readonly counters: Counters;
  /** Resolves when the engine answers; rejects with {@link EngineError} `unavailable` after `timeoutMs`. */
  ping(timeoutMs: number): Promise<void>;
  /** What the operator should know: evicting Redis, no AOF, a version too old… Plain sentences. */
  warnings(): Promise<string[]>;
  /** Closes workers, queues, connections. Idempotent; gives up waiting after a few seconds. */
  close(): Promise<void>;
}

export type EngineErrorCode = 'unavailable' | 'locked' | 'unsupported';

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
