// ledger.ts   intents, acceptances, results and receipts in the object store
export * from './ledger.ts';
