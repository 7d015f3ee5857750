import { z } from 'zod';

/** The image providers that purchases can be made at. Persisted with each of them. */
export const providerNameSchema = z.enum(['toapis']);

export type ProviderName = z.infer<typeof providerNameSchema>;
