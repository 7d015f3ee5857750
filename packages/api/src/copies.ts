import { z } from 'zod';
import { RENDER_ID, RENDER_STATUSES } from './fields.ts';
import { amountSchema } from './responses.ts';

const MONEY = /^\d{1,9}(\.\d{1,6})?$/;

/** The body of `POST /v1/renders/{id}/buy-again`: says what it would buy (`dry_run`), or buys it. */
export const copyRequestSchema = z
  .strictObject({
    dry_run: z
      .literal(true)
      .optional()
      .meta({ description: 'Says which render it would create and for how much, and changes nothing.' }),
    accept_duplicate_charge: z
      .literal(true, { error: 'true, because the same image is charged a second time' })
      .optional()
      .meta({ description: 'The same image is charged a second time. Required, unless `dry_run`.' }),
    reason: z
      .string()
      .trim()
      .min(1)
      .max(300)
      .optional()
      .meta({ description: 'Why, for the audit log. Required, unless `dry_run`.' }),
    max_spend: z
      .string()
      .regex(MONEY, { error: 'expected an amount of dollars as a string, such as "0.05"' })
      .optional()
      .meta({
        description:
          'Buys nothing when the price is higher, or is not known. Send the price of the dry run. Dollars, as a string.',
      }),
  })
  .superRefine((body, context) => {
    const addIssue = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    for (const field of ['accept_duplicate_charge', 'reason'] as const) {
      const isGiven = body[field] !== undefined;
      if (body.dry_run && isGiven) addIssue(field, 'nothing, because `dry_run` buys nothing');
      if (!body.dry_run && !isGiven) addIssue(field, EXPECTED[field]);
    }
    if (body.dry_run && body.max_spend !== undefined)
      addIssue('max_spend', 'nothing, because `dry_run` buys nothing');
  })
  .meta({ id: 'CopyRequest' });

const EXPECTED = {
  accept_duplicate_charge: 'true, because the same image is charged a second time; or `dry_run`',
  reason: 'why it is bought again, for the audit log',
};

/** `POST /v1/renders/{id}/buy-again`: 202, or 200 for a dry run. */
export const copySchema = z
  .strictObject({
    object: z.literal('copy'),
    id: z.string().regex(RENDER_ID).meta({
      description:
        'The copy: a new render with the same request. A render has one copy, with always the same id.',
    }),
    copy_of: z.string().regex(RENDER_ID).meta({ description: 'The render that is bought again.' }),
    status: z
      .enum(RENDER_STATUSES)
      .nullable()
      .meta({ description: 'Of the copy. Null for a dry run, while there is no copy.' }),
    duplicate: z.boolean().meta({
      description:
        'True when an earlier call created the copy: this call buys nothing. To buy it once more, buy the copy again.',
    }),
    price: amountSchema
      .nullable()
      .meta({ description: 'Of one purchase, from the configured prices. Null when it is not known.' }),
    currency: z.literal('USD'),
    links: z.strictObject({ self: z.url(), page: z.url() }).meta({ description: 'Of the copy.' }),
  })
  .meta({ id: 'Copy' });

export type CopyRequest = z.infer<typeof copyRequestSchema>;
export type CopyResponse = z.infer<typeof copySchema>;
