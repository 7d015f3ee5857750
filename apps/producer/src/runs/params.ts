import { FINAL_STATUSES, type FinalStatus, RENDER_ID, RUN, TENANT } from '@darkroom/api';
import { z } from 'zod';
import { wholeNumber } from '../http/index.ts';

const tenantParam = z
  .string()
  .regex(TENANT, { error: "expected a tenant's name" })
  .optional()
  .meta({ description: 'The tenant of the run. Needed with a key of an operator of all tenants.' });

export const runParams = z.object({ tenant: tenantParam });
export const runIdParam = z.object({ id: z.string().regex(RUN).meta({ example: 'catalogue-2026-11-26' }) });

const isFinal = (text: string): text is FinalStatus => (FINAL_STATUSES as readonly string[]).includes(text);

export const listParams = z.object({
  tenant: tenantParam,
  limit: wholeNumber(1, 100).optional().meta({ description: 'Maximum number in a page; 20 by default.' }),
  cursor: z
    .string()
    .regex(/^\d{13}(\.[A-Za-z0-9_=-]{1,64}){1,2}$/, { error: 'expected the next_cursor of an earlier page' })
    .optional()
    .meta({ description: '`next_cursor` of the previous page.' }),
});

export const resultsParams = z.object({
  tenant: tenantParam,
  status: z
    .string()
    .refine((text) => text.split(',').every(isFinal), {
      error: `expected one or more of ${FINAL_STATUSES.join(', ')}, separated by commas`,
    })
    .transform((text) => text.split(',').filter(isFinal))
    .optional()
    .meta({
      override: { type: 'array', items: { type: 'string', enum: [...FINAL_STATUSES] }, minItems: 1 },
      description: 'One or more, separated by commas.',
      param: { style: 'form', explode: false },
      example: ['completed'],
    }),
  after: z
    .string()
    .regex(RENDER_ID, { error: 'expected the id of a render' })
    .optional()
    .meta({ description: 'Only the results after this render: the last one that you have read.' }),
  expand: z.literal('render', { error: 'expected render' }).optional().meta({
    description: '`render`: each line also has the whole render, with its metadata and a signed URL.',
  }),
});
