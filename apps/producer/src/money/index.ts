// Money: what renders cost, and budgets. For operators.
//
// spend.ts           GET /v1/spend, from the spend index
// budgets.ts         the endpoints below /v1/budgets
// money-of-today.ts  today's money for the overview, read again from time to time
export { registerBudgets } from './budgets.ts';
export { createTodaysMoneyReader, type TodaysMoney } from './money-of-today.ts';
export { registerSpend } from './spend.ts';
