/*
 * Money of the one account:
 *   account.ts       the prepaid balance
 *   purchase-log.ts  every task and its cost
 */
export { Account, type BalanceRecord } from './account.ts';
export {
  createPurchaseLog,
  type PurchaseLog,
  type PurchaseRecord,
  type PurchaseTotals,
} from './purchase-log.ts';
