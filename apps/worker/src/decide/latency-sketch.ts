import type { LatencyShape } from './next-poll-delay.ts';

const MAX_KEPT = 256;
const MIN_OBSERVED = 20;

/**
 * How long a task took, in ms. The last poll before it finished came at `pendingMs`, the first poll after it at `seenMs`.
 * The provider's own figure, in whole seconds, counts between these bounds. Without it the middle is taken. To take
 * `seenMs` would make our own delay a part of the expectation, and each next poll later than the one before.
 */
export function estimateLatency(poll: {
  pendingMs: number;
  seenMs: number;
  tookMs?: number | undefined;
}): number {
  const guess = poll.tookMs ?? (poll.pendingMs + poll.seenMs) / 2;
  return Math.min(Math.max(guess, poll.pendingMs), poll.seenMs);
}

/**
 * The latest latencies per kind of task, in this process. Until it has observed enough of them it returns the configured
 * expectation.
 */
export class LatencySketch {
  readonly #expectedMs: number;
  readonly #observed = new Map<string, { ring: number[]; next: number; shape: LatencyShape | undefined }>();

  constructor(expectedMs: number) {
    this.#expectedMs = expectedMs;
  }

  /** A task of `kind` took `ms`; see {@link estimateLatency}. */
  observe(kind: string, ms: number): void {
    const entry = this.#observed.get(kind) ?? { ring: [], next: 0, shape: undefined };
    entry.ring[entry.next] = ms;
    entry.next = (entry.next + 1) % MAX_KEPT;
    entry.shape = undefined;
    this.#observed.set(kind, entry);
  }

  shape(kind: string): LatencyShape {
    const entry = this.#observed.get(kind);
    if (!entry || entry.ring.length < MIN_OBSERVED) return expectedShape(this.#expectedMs);
    entry.shape ??= quantiles(entry.ring);
    return entry.shape;
  }
}

const expectedShape = (ms: number): LatencyShape => ({ p10: ms * 0.4, p50: ms, p90: ms * 2.5 });

function quantiles(values: readonly number[]): LatencyShape {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}
