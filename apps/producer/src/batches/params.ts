import { BATCH_ID, FILE_ID, FILE_PURPOSES, TENANT } from '@darkroom/api';
import { z } from 'zod';
import { wholeNumber } from '../http/index.ts';

const tenant = z
  .string()
  .regex(TENANT, { error: "expected a tenant's name" })
  .optional()
  .meta({ description: 'Needed with a key of an operator of all tenants.' });

export const tenantParams = z.object({ tenant });
export const batchIdParam = z.object({
  id: z.string().regex(BATCH_ID).meta({ example: 'batch_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' }),
});
export const fileIdParam = z.object({
  id: z.string().regex(FILE_ID).meta({ example: 'file-0a1b2c3d4e5f60718293a4b5c6d7e8f9' }),
});

const limit = (max: number) =>
  wholeNumber(1, max).optional().meta({ description: 'Maximum number in a page; 20 by default.' });

export const batchListParams = z.object({
  tenant,
  limit: limit(100),
  after: z
    .string()
    .regex(BATCH_ID, { error: 'expected the id of a batch' })
    .optional()
    .meta({ description: '`last_id` of the previous page.' }),
});

export const fileListParams = z.object({
  tenant,
  limit: limit(10_000).meta({
    description: 'Maximum number in a page, 20 by default. A page has at most 100.',
  }),
  after: z
    .string()
    .regex(FILE_ID, { error: 'expected the id of a file' })
    .optional()
    .meta({ description: '`last_id` of the previous page.' }),
  order: z.literal('desc').optional().meta({ description: 'The latest first.' }),
  purpose: z.enum(FILE_PURPOSES).optional(),
});
