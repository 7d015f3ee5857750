import { z } from 'zod';
import { amountSchema } from './responses.ts';

/** By what `GET /v1/spend` groups. */
export const SPEND_GROUPS = ['day', 'tenant', 'run', 'model', 'resolution'] as const;
export type SpendGroupKind = (typeof SPEND_GROUPS)[number];

const amounts = {
  renders: z.number().int().meta({
    description: 'Renders with a purchase. A render that was bought on two days counts on both.',
  }),
  spent: amountSchema.meta({ description: 'Charged and not refunded. Exact to the micro-dollar.' }),
  refunded: amountSchema,
  possibly_spent: amountSchema.meta({ description: 'Possibly charged: unknown purchases.' }),
};

const spendGroupSchema = z
  .strictObject({
    key: z.string().nullable().meta({
      description: 'The day, tenant, run, model or resolution. Null for renders without a run.',
    }),
    ...amounts,
  })
  .meta({ id: 'SpendGroup' });

/** `GET /v1/spend`, 200. */
export const spendSchema = z
  .strictObject({
    object: z.literal('spend'),
    from: z.iso.date().meta({ description: 'The first UTC day of the report.' }),
    to: z.iso.date().meta({ description: 'The last UTC day of the report.' }),
    by: z.enum(SPEND_GROUPS),
    ...amounts,
    currency: z.literal('USD'),
    since: z.iso.date().nullable().meta({
      description:
        'The first day of the spend index. Renders that ended in an earlier release are not in it. Null while it is empty.',
    }),
    groups: z.array(spendGroupSchema).meta({
      description: 'At most 1,000: days in order, others by their amounts, the largest first.',
    }),
    more_groups: z.number().int().meta({ description: 'Groups that are not listed.' }),
  })
  .meta({ id: 'Spend' });

export type SpendResponse = z.infer<typeof spendSchema>;
