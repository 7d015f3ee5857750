import { z } from 'zod';
import { type ManifestOutcome, mayBePaid } from '../manifest/index.ts';

/** What a run buys that retries another one: `retry` of its request. */
export const retrySchema = z.strictObject({
  /** The run whose items it buys again. */
  of: z.string(),
  /** Also items that the deadline, the budget or a cancel left out. */
  notBought: z.boolean(),
  /** Only items with these errors. Null: all, except those whose image may be paid for. */
  codes: z.array(z.string()).nullable(),
  /** US dollars: the price that was shown. A run that is dearer stops. Null: no price was shown. */
  price: z.string().nullable(),
});
export type Retry = z.infer<typeof retrySchema>;

/** Whether a retry buys this item. */
export function isRetried(
  outcome: ManifestOutcome,
  { notBought, codes }: Omit<Retry, 'of' | 'price'>,
): boolean {
  const { status, error } = outcome;
  if (status !== 'failed' && !(notBought && status === 'not_bought')) return false;
  return codes === null ? !mayBePaid(outcome) : codes.includes(error?.code ?? '');
}
