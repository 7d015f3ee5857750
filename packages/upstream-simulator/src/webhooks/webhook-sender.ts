import type { Clock } from '../clock.ts';
import type { FaultSchedule } from '../faults/index.ts';
import type { Journal } from '../storage/index.ts';
import type { Task } from '../tasks/index.ts';
import { buildFinalEvent, buildTestEvent, signDelivery, type WebhookEvent } from './event.ts';

export interface WebhookTarget {
  url: string;
  /** The current secret, then the previous one during a rotation. */
  secrets: string[];
}

/** Delays before each attempt, from the previous one: 0, 10 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h. */
const RETRY_DELAYS_MS = [0, 10_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000] as const;
const TIMEOUT_MS = 10_000;

/** A journal record. The last record of a task is valid. */
export interface WebhookRecord extends WebhookProgress {
  type: 'webhook';
  taskId: string;
}

export interface WebhookProgress {
  attempts: number;
  done: boolean;
}

export interface WebhookSenderDeps {
  target: WebhookTarget;
  clock: Clock;
  timeScale: number;
  faults: FaultSchedule;
  journal: Journal<WebhookRecord>;
  resultBase: () => string;
  fetch: typeof fetch;
  /** Progress of an earlier run of the server, by task id. */
  progress: Map<string, WebhookProgress>;
}

/** Sends each final event until the receiver answers 2xx or the attempts are used up. */
export class WebhookSender {
  readonly #deps: WebhookSenderDeps;
  readonly #timers = new Set<() => void>();
  readonly #stop = new AbortController();
  #tests = 0;

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps;
  }

  sendTaskEnd(task: Task): void {
    const earlier = this.#deps.progress.get(task.id);
    if (earlier?.done === true || this.#stop.signal.aborted) return;
    const subject = {
      route: 'submit',
      prompt: task.prompt,
      clientBusinessId: task.clientBusinessId,
      taskId: task.id,
    } as const;
    const fault = this.#deps.faults.take('webhook', subject);
    if (fault?.kind === 'webhook_lost') return this.#recordProgress(task.id, 0, true);
    const event = buildFinalEvent(task, this.#deps.resultBase());
    const url = this.#urlFor(task.callbackPath);
    const late = fault?.kind === 'webhook_late' ? (fault.ms ?? 60_000) : 0;
    this.#runLater(late, () => {
      void this.#attempt(event, url, earlier?.attempts ?? 0, task.id);
      if (fault?.kind === 'webhook_twice') void this.#attempt(event, url, 0, undefined);
    });
  }

  /** Sends `endpoint.test` once. */
  sendTest(): void {
    const now = this.#deps.clock.now();
    const last = RETRY_DELAYS_MS.length - 1;
    void this.#attempt(
      buildTestEvent(`evt_test_${now}_${++this.#tests}`, now),
      this.#deps.target.url,
      last,
      undefined,
    );
  }

  close(): void {
    this.#stop.abort();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** A submission's callback_url can change the path and the query, never the host. */
  #urlFor(callbackPath: string | null): string {
    return callbackPath === null ? this.#deps.target.url : new URL(callbackPath, this.#deps.target.url).href;
  }

  /** Sends one delivery and, if it fails, sets a timer for the next. It never rejects. */
  async #attempt(
    event: WebhookEvent,
    url: string,
    attempt: number,
    taskId: string | undefined,
  ): Promise<void> {
    const delivered = await this.#deliver(event, url);
    if (this.#stop.signal.aborted) return;
    const next = RETRY_DELAYS_MS[attempt + 1];
    if (taskId !== undefined) this.#recordProgress(taskId, attempt + 1, delivered || next === undefined);
    if (delivered || next === undefined) return;
    this.#runLater(next, () => void this.#attempt(event, url, attempt + 1, taskId));
  }

  async #deliver(event: WebhookEvent, url: string): Promise<boolean> {
    const { clock, target, timeScale } = this.#deps;
    const body = JSON.stringify(event);
    const timestamp = Math.floor(clock.now() / 1000);
    const timeout = new AbortController();
    // A real receiver needs time to answer, so the scaled timeout has a minimum.
    const cancel = clock.after(Math.max(1_000, TIMEOUT_MS * timeScale), () => timeout.abort());
    try {
      const response = await this.#deps.fetch(url, {
        method: 'POST',
        headers: signDelivery({ id: event.id, timestamp, body }, target.secrets),
        body,
        redirect: 'manual',
        signal: AbortSignal.any([timeout.signal, this.#stop.signal]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    } finally {
      cancel();
    }
  }

  #runLater(ms: number, fn: () => void): void {
    if (ms === 0) return fn();
    const cancel = this.#deps.clock.after(ms * this.#deps.timeScale, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
  }

  #recordProgress(taskId: string, attempts: number, done: boolean): void {
    // A lost record causes a second delivery, which receivers must accept anyway.
    this.#deps.journal.append({ type: 'webhook', taskId, attempts, done }).catch(() => {});
  }
}
