import type { DATA_VERSION } from '../render/index.ts';

/** What a restore did, or would do. Counts of renders unless stated otherwise. */
export interface RestoreReport {
  /** Renders in the journal and in the list of dead letters. A render that is in both counts once for each. */
  read: number;
  /** The queue has their jobs. */
  present: number;
  /** Added again, by the step at which they go on. */
  added: { submit: number; hold: number; poll: number; bury: number };
  /** Of the added renders: those that a caller had asked to cancel. */
  cancels: number;
  /** Completed or canceled: the receipt is all that callers need. */
  ended: number;
  /** Webhooks that were enqueued again for ended renders. */
  webhooks: number;
  /** Objects that could not be read, and renders that could not be restored. The log names each. */
  unreadable: number;
}

/** A restore: it adds the renders that the queue has lost, from journal, ledger and receipts. */
export interface RestoreJob {
  version: typeof DATA_VERSION;
  /** The engine whose queue this restore completes; see `Engine.readIdentity`. */
  identity: string;
  /** Why it runs, for people. */
  reason: string;
  /** Unix milliseconds. */
  requestedAt: number;
  /** The journal was empty when this was requested: the queue lacks no render, so intake need not wait for the restore. */
  journalWasEmpty?: true;
  /** Continues after it. Absent: from the start. */
  position?: { phase: 'journal' | 'dead-letters'; after: string };
  report?: RestoreReport;
  /** How far it is, 0-100. */
  percent?: number;
}
