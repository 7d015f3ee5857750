// Restore: adds the renders that the queue has lost, from journal, ledger and receipts.
//
// restore-queue.ts   reads the journal and the list of dead letters, group by group: start here
// restore-group.ts   one group: which renders has the queue lost, and adds them
// reconstruct.ts     where a lost render goes on, from its receipt and its history in the ledger
// restore-stage.ts   runs a restore as a job of the queue `restore`
// sweep-journal.ts   deletes the entries whose renders have ended
// engine-watch.ts    requests a restore when the engine was restarted, replaced or emptied
export { openEngineWatch } from './engine-watch.ts';
export { type RestoreDeps, restoreQueue } from './restore-queue.ts';
export { restoreStage } from './restore-stage.ts';
export { createJournalSweepMemory, sweepJournal } from './sweep-journal.ts';
