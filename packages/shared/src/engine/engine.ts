import type { Job, Queue, QueueEvents, QueueOptions, Worker, WorkerOptions } from 'bullmq';
import type { BudgetCounters } from './budget-counters.ts';
import type { RunTallies } from './run-tallies.ts';

/** A processor as BullMQ calls it. BullMQ passes the signal only to functions that declare three parameters. */
export type Processor<D, R> = (job: Job<D, R>, token: string, signal: AbortSignal) => Promise<R>;

export type EngineQueueOptions = Pick<QueueOptions, 'defaultJobOptions' | 'streams'>;
export type EngineWorkerOptions = Omit<WorkerOptions, 'connection' | 'prefix'>;

/** A failed job and when it failed, or a delayed job and until when it is delayed. In Unix milliseconds. */
export interface JobTime {
  id: string;
  at: number;
}

/** The place of a job among the prioritized jobs of its queue. */
export interface JobPlace {
  id: string;
  /** Jobs that were added later have a higher one. */
  score: number;
}

/**
 * The server of the queues. BullMQ's own classes are the interface. An engine chooses their backend, owns the
 * connections, and knows what can be wrong with its kind of server.
 */
export interface Engine {
  readonly kind: 'redis' | 'pglite';
  /** For people: host and database, no credentials. */
  readonly description: string;
  /** The same queue object for the same name. Closed by `close`. Rejects fast when the engine is away. */
  queue<D, R>(name: string, options?: EngineQueueOptions): Queue<D, R>;
  /** A worker that waits without limit while the engine is away. The caller closes it; `close` closes the rest. */
  worker<D, R>(name: string, processor: Processor<D, R>, options?: EngineWorkerOptions): Worker<D, R>;
  events(name: string): QueueEvents;
  /**
   * The data of jobs as JSON text, in the order of their ids; `undefined` for jobs that do not exist. For thousands of
   * jobs: to read whole jobs costs five times as much. Rejects fast when the engine is away.
   */
  readJobTexts(queue: string, jobIds: readonly string[]): Promise<(string | undefined)[]>;
  /**
   * Names the server process that holds the queues, for example by Redis's run id. It changes when Redis restarts or
   * another server takes over, so jobs may have been lost in between. Rejects fast when the engine is away.
   */
  readIdentity(): Promise<string>;
  /**
   * Resolves when everything that was written before the call is in the append-only file on the disk of Redis, by WAITAOF
   * of Redis 7.2. Callers that come together share one command. The embedded engine has no such command and rejects.
   *
   * @throws {EngineError} `unsupported` when this engine cannot do it, with the reason; `unavailable` when it did not
   * confirm in time. Then the writes may be on disk or not.
   */
  syncWrites(): Promise<void>;
  /**
   * A range of the failed or delayed jobs of a queue, as BullMQ orders them: the earliest time comes first, or last with
   * `latestFirst`. For hundreds of thousands of jobs. Rejects fast when the engine is away.
   *
   * @param range indices from 0, both inclusive
   */
  readJobTimes(
    queue: string,
    state: 'failed' | 'delayed',
    range: { from: number; to: number; latestFirst?: boolean },
  ): Promise<JobTime[]>;
  /**
   * How many jobs of a queue ended in each of these spans and are still in it. For hundreds of thousands of jobs: no job
   * is read. Rejects fast when the engine is away.
   *
   * @param times Unix milliseconds, ascending; each span ends before the next time begins, the last one is open
   */
  countEnded(queue: string, state: 'completed' | 'failed', times: readonly number[]): Promise<number[]>;
  /**
   * The ids of the jobs of one priority that wait, in the order in which they run. With `after`, only those that were added
   * since the read that returned it, and those that were put back to the front; all of them when the queue does not show
   * which these are. For hundreds of thousands of jobs. Rejects fast when the engine is away.
   *
   * @returns `last`: the place of the job that runs last, for the next read
   */
  readAddedJobs(
    queue: string,
    priority: number,
    after?: JobPlace,
  ): Promise<{ ids: string[]; last: JobPlace | undefined }>;
  /**
   * The priorities at which jobs of a queue wait, first to run first, and how many wait at each. For hundreds of thousands of
   * jobs: no job is read. Rejects fast when the engine is away.
   */
  countPriorities(queue: string): Promise<{ priority: number; count: number }[]>;
  /**
   * The ids of the first jobs that wait at each of these priorities, at most `count`, in the order in which they run. One round
   * trip. Rejects fast when the engine is away.
   */
  readFirstJobs(queue: string, wanted: readonly { priority: number; count: number }[]): Promise<string[][]>;
  /**
   * Where a job waits: its priority, and how many jobs of this priority run before it. `undefined` if it does not wait for its
   * turn. Rejects fast when the engine is away.
   */
  findPriorityPlace(queue: string, id: string): Promise<{ priority: number; before: number } | undefined>;
  /** The ids of those jobs that exist. One round trip. Rejects fast when the engine is away. */
  findExistingJobs(queue: string, jobIds: readonly string[]): Promise<Set<string>>;
  /** Shared counts for quotas. BullMQ has none. */
  readonly counters: Counters;
  /** For work that one process at a time may do. BullMQ has none. */
  readonly leases: Leases;
  /** Shared sums for budgets. BullMQ has none. */
  readonly budgetCounters: BudgetCounters;
  /** How many renders of each run are in which status. BullMQ has no such counts. */
  readonly runTallies: RunTallies;
  /**
   * Resolves when the engine answers and grants its user everything that the queues need. Rejects with
   * {@link EngineError} `unavailable` after `timeoutMs`, or `unauthorized` or `forbidden` with the reason.
   */
  ping(timeoutMs: number): Promise<void>;
  /** What an operator should change: a Redis that evicts keys, has no append-only file, is too old… */
  warnings(): Promise<string[]>;
  /** What the server says about itself. Rejects fast when the engine is away. */
  readFacts(): Promise<EngineFacts>;
  /** The server's clock, in Unix milliseconds. Rejects fast when the engine is away. */
  readTime(): Promise<number>;
  /** Closes workers, queues and connections. Idempotent. Gives up after a few seconds. */
  close(): Promise<void>;
}

/** What an operator should change at the server, by topic. */
export interface EngineAdvice {
  topic: 'eviction' | 'persistence' | 'version' | 'timers' | 'role';
  /** The fact and the remedy, in one or two sentences. */
  text: string;
}

export interface EngineFacts {
  /** Its name and version: `Redis 7.2.4`. */
  server: string;
  /** Absent if the server does not say it. */
  evictionPolicy?: string;
  /** Whether there is an append-only file. Absent if the server does not say it. */
  appendOnly?: boolean;
  advice: EngineAdvice[];
}

/**
 * Shared counts: in Redis for all processes of a deployment, in this process for the embedded engine. A quota is a
 * number of units per fixed second. Callers spread their requests; the count only stops the excess.
 */
export interface Counters {
  /**
   * Takes one of `perSecond` units of `key` in the running second.
   * @returns 0 when taken, else the milliseconds after which to ask again.
   */
  take(key: string, perSecond: number): Promise<number>;
  /** Refuses all units of `key` for `ms` from now, for example after a server has sent Retry-After. */
  block(key: string, ms: number): Promise<void>;
}

/** Leases: in Redis for all processes of a deployment, in this process for the embedded engine. */
export interface Leases {
  /**
   * Takes a lease, or holds it longer.
   *
   * @param owner names the caller
   * @returns false while another owner holds it. A lease ends `ms` after the last call of its owner.
   */
  hold(name: string, owner: string, ms: number): Promise<boolean>;
  /** Ends the lease of this owner, so that another can take it at once. */
  release(name: string, owner: string): Promise<void>;
}

export type EngineErrorCode =
  | 'unavailable'
  | 'locked'
  | 'unsupported'
  /** Redis does not know the user or the password of QUEUE_URL. */
  | 'unauthorized'
  /** Redis denies the user of QUEUE_URL a command or a key that the queues need. */
  | 'forbidden';

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
