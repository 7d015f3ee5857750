import type { Clock } from '@darkroom/shared/runtime';

/** The process and the terminal that a command runs in. A test passes its own. */
export interface Host {
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  /** Aborts with Ctrl-C. */
  signal: AbortSignal;
  /** Results. */
  out(text: string): void;
  /** Errors, progress and questions. */
  err(text: string): void;
  /** Whether a person reads stdout. */
  isOutTerminal: boolean;
  /** Whether a person reads stderr. Progress is redrawn only then. */
  isErrTerminal: boolean;
  /** Whether a person can answer a question. */
  canAsk: boolean;
  /** @returns `undefined` when the person leaves without an answer. */
  ask(question: string): Promise<boolean | undefined>;
  openPage(url: string): Promise<void>;
  /** All of stdin, for a secret that must not be in the list of processes. */
  readInput(): Promise<string>;
}
