// Hard limits for what renders may cost.
//
// budget-gate.ts       reserves money before a purchase; watches the budgets (main decision: openBudgetGate)
// list-counted.ts      the purchases that count: from the spend index and the running renders
// import-purchases.ts  fills new sums with them
// sweep-budgets.ts     corrects sums that do not agree with them
// wake-waiting.ts      runs submissions that wait for a budget again
export { type BudgetAnswer, type BudgetGate, openBudgetGate } from './budget-gate.ts';
export { createBudgetSweepMemory, sweepBudgets } from './sweep-budgets.ts';
