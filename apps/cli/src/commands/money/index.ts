// spend.ts   spend: what renders cost
// budget.ts  budget list, get, set, unset: hard limits
import { BUDGET_COMMANDS } from './budget.ts';
import { spendCommand } from './spend.ts';

export const MONEY_COMMANDS = [spendCommand, ...BUDGET_COMMANDS];
