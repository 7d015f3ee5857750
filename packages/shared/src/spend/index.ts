// What renders cost, from the spend index in the object store. No receipt is read.
//
// spend-report.ts  lists the index and sums its entries
export { listSpend, readSpendStart, type SpendGroup, type SpendQuery, sumSpend } from './spend-report.ts';
