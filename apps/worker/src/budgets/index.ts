// Hard limits for what renders may cost.
//
// budget-gate.ts       reserves money before a purchase; watches the budgets (main decision: openBudgetGate)
// import-purchases.ts  fills new sums from the spend index and the running renders
// wake-waiting.ts      runs submissions that wait for a budget again
export { type BudgetAnswer, type BudgetGate, openBudgetGate } from './budget-gate.ts';
