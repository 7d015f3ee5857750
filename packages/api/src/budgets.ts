import { z } from 'zod';
import { RUN, TENANT } from './fields.ts';
import { amountSchema } from './responses.ts';

/** The name of a budget. */
export const BUDGET_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** How long a budget lasts. */
export const BUDGET_PERIODS = ['day', 'total'] as const;

const per = z.enum(BUDGET_PERIODS).meta({
  description:
    '`day`: the budget renews at 00:00 UTC. `total`: it counts the purchases since the day on which it was first set, and never renews.',
});

const DOLLARS = /^\d{1,9}(\.\d{1,6})?$/;

/** The body of `PUT /v1/budgets/{name}`. */
export const budgetRequestSchema = z
  .strictObject({
    limit: z
      .string()
      .regex(DOLLARS, { error: 'expected an amount of dollars as a string, such as "12.50"' })
      .meta({ description: 'The hard limit in dollars, as a string.' }),
    per: per.optional(),
    tenant: z.string().regex(TENANT).optional().meta({ description: 'Count only renders of this tenant.' }),
    run: z.string().regex(RUN).optional().meta({ description: 'Count only renders of this run.' }),
    reason: z.string().trim().min(1).max(200).optional().meta({ description: 'Why, for people.' }),
  })
  .meta({ id: 'BudgetRequest' });

/** `PUT` and `DELETE /v1/budgets/{name}`, 200. */
export const budgetSchema = z
  .strictObject({
    object: z.literal('budget'),
    name: z.string().regex(BUDGET_NAME),
    limit: amountSchema,
    per,
    tenant: z.string().nullable(),
    run: z.string().nullable(),
    used: amountSchema.nullable().meta({
      description:
        'What is reserved, spent and possibly spent of it, without refunds. Null while the workers fill its sum, which takes some seconds after a budget is added or removed.',
    }),
    renews_at: z.iso.datetime().nullable().meta({ description: 'Null: it never renews.' }),
    currency: z.literal('USD'),
    set_at: z.iso.datetime(),
    actor: z.string().meta({ description: 'Who changed it last.' }),
    reason: z.string().nullable(),
  })
  .meta({ id: 'Budget' });

/** `GET /v1/budgets`, 200. */
export const budgetListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(budgetSchema) })
  .meta({ id: 'BudgetList' });

export type BudgetRequest = z.infer<typeof budgetRequestSchema>;
export type BudgetResponse = z.infer<typeof budgetSchema>;
export type BudgetListResponse = z.infer<typeof budgetListSchema>;
