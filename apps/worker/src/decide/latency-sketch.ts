import type { LatencyShape } from './next-poll-delay.ts';

const KEPT = 256;
const TRUSTED_FROM = 20;

/**
 * How long a task took, in ms: after `pendingMs`, at which a look said it was not finished, and not later than
 * `seenMs`, at which one said it was. The provider's own word counts inside these bounds; it comes in whole seconds.
 * Without it the middle is taken: the time of the look itself would make every lateness of ours part of what is
 * expected, and the next look later still.
 */
export function estimateLatency(look: {
  pendingMs: number;
  seenMs: number;
  tookMs?: number | undefined;
}): number {
  const guess = look.tookMs ?? (look.pendingMs + look.seenMs) / 2;
  return Math.min(Math.max(guess, look.pendingMs), look.seenMs);
}

/**
 * The latencies seen last, per kind of task, in this process. Until enough were seen it answers with the
 * configured expectation.
 */
export class LatencySketch {
  readonly #expectedMs: number;
  readonly #seen = new Map<string, { ring: number[]; next: number; shape: LatencyShape | undefined }>();

  constructor(expectedMs: number) {
    this.#expectedMs = expectedMs;
  }

  /** A task of `kind` took `ms`; see {@link estimateLatency}. */
  observe(kind: string, ms: number): void {
    const entry = this.#seen.get(kind) ?? { ring: [], next: 0, shape: undefined };
    entry.ring[entry.next] = ms;
    entry.next = (entry.next + 1) % KEPT;
    entry.shape = undefined;
    this.#seen.set(kind, entry);
  }

  shape(kind: string): LatencyShape {
    const entry = this.#seen.get(kind);
    if (!entry || entry.ring.length < TRUSTED_FROM) return expectation(this.#expectedMs);
    entry.shape ??= quantiles(entry.ring);
    return entry.shape;
  }
}

const expectation = (ms: number): LatencyShape => ({ p10: ms * 0.4, p50: ms, p90: ms * 2.5 });

function quantiles(values: readonly number[]): LatencyShape {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}
