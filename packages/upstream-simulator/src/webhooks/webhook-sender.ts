import type { Clock } from '../clock.ts';
import type { FaultSchedule } from '../faults/fault-schedule.ts';
import type { Journal } from '../storage/journal.ts';
import type { Task } from '../tasks/task.ts';
import { buildFinalEvent, buildTestEvent, type WebhookEvent } from './event.ts';
import { signDelivery } from './signature.ts';

export interface WebhookTarget {
  url: string;
  /** The current secret first, then the previous one while it is being replaced. */
  secrets: string[];
}

/** When a delivery is tried, counted from the try before it: at once, 10 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h. */
const RETRY_DELAYS_MS = [0, 10_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000, 86_400_000] as const;
const TIMEOUT_MS = 10_000;

export interface WebhookProgress {
  attempts: number;
  done: boolean;
}

export interface WebhookSenderDeps {
  target: WebhookTarget;
  clock: Clock;
  timeScale: number;
  faults: FaultSchedule;
  journal: Journal;
  resultBase: () => string;
  fetch: typeof fetch;
  /** How far an earlier run of the server came, by task id. */
  progress: Map<string, WebhookProgress>;
}

/** Sends each final event until somebody answers 2xx or the schedule ends. */
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
    if (fault?.kind === 'webhook_lost') return this.#note(task.id, 0, true);
    const event = buildFinalEvent(task, this.#deps.resultBase());
    const url = this.#urlFor(task.callbackPath);
    const late = fault?.kind === 'webhook_late' ? (fault.ms ?? 60_000) : 0;
    this.#later(late, () => {
      void this.#attempt(event, url, earlier?.attempts ?? 0, task.id);
      if (fault?.kind === 'webhook_twice') void this.#attempt(event, url, 0, undefined);
    });
  }

  /** Sends `endpoint.test`, once. */
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

  /** A request's callback_url may change path and query, never the host. */
  #urlFor(callbackPath: string | null): string {
    return callbackPath === null ? this.#deps.target.url : new URL(callbackPath, this.#deps.target.url).href;
  }

  /** One delivery and, when it fails, a timer for the next. It never rejects. */
  async #attempt(
    event: WebhookEvent,
    url: string,
    attempt: number,
    taskId: string | undefined,
  ): Promise<void> {
    const delivered = await this.#deliver(event, url);
    if (this.#stop.signal.aborted) return;
    const next = RETRY_DELAYS_MS[attempt + 1];
    if (taskId !== undefined) this.#note(taskId, attempt + 1, delivered || next === undefined);
    if (delivered || next === undefined) return;
    this.#later(next, () => void this.#attempt(event, url, attempt + 1, taskId));
  }

  async #deliver(event: WebhookEvent, url: string): Promise<boolean> {
    const { clock, target, timeScale } = this.#deps;
    const body = JSON.stringify(event);
    const timestamp = Math.floor(clock.now() / 1000);
    const timeout = new AbortController();
    // A scaled time must still leave a real receiver the time to answer.
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

  #later(ms: number, fn: () => void): void {
    if (ms === 0) return fn();
    const cancel = this.#deps.clock.after(ms * this.#deps.timeScale, () => {
      this.#timers.delete(cancel);
      fn();
    });
    this.#timers.add(cancel);
  }

  #note(taskId: string, attempts: number, done: boolean): void {
    // Losing this record costs a second delivery, which receivers must stand anyway.
    this.#deps.journal.append({ type: 'webhook', taskId, attempts, done }).catch(() => {});
  }
}
