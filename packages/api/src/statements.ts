import { z } from 'zod';

/** What an operator can state about a purchase whose outcome Darkroom does not know. */
export const STATEMENT_KINDS = ['bought', 'not_bought', 'buy_again'] as const;

/** The body of `POST /v1/renders/{id}/statement`. */
export const statementRequestSchema = z
  .strictObject({
    purchase: z.enum(STATEMENT_KINDS).meta({
      description:
        '`bought`: it was bought, as the task `task_id`. `not_bought`: it was not bought. `buy_again`: buy the image again; a second charge is accepted.',
    }),
    task_id: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: "The provider's task. Required with `bought`, not allowed otherwise." }),
    note: z
      .string()
      .trim()
      .min(1)
      .max(300)
      .optional()
      .meta({ description: 'Why, for people. The ledger keeps it.' }),
  })
  .superRefine(({ purchase, task_id: taskId }, context) => {
    if ((purchase === 'bought') === (taskId !== undefined)) return;
    context.addIssue({
      code: 'custom',
      path: ['task_id'],
      message:
        purchase === 'bought'
          ? 'the id of the task at the provider'
          : 'no task_id, unless `purchase` is `bought`',
    });
  })
  .meta({ id: 'StatementRequest' });

export type StatementRequest = z.infer<typeof statementRequestSchema>;
