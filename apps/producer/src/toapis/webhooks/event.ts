import type { Settings } from '@darkroom/shared/config';
import type { Ledger } from '@darkroom/shared/ledger';
import { z } from 'zod';
import type { RenderQueue } from '../../backends/index.ts';

/** What we read of the provider's event; there is more in it. */
export const eventSchema = z.object({
  id: z.string(),
  type: z.string(),
  data: z.object({
    task_id: z.string().min(1).optional(),
    client_business_id: z.string().nullish(),
    /** Unix seconds. */
    submitted_at: z.number().nullish(),
  }),
});

export type ProviderEvent = z.infer<typeof eventSchema>;

/**
 * - `promoted`: the render looks at its task now
 * - `settled`: an unknown submission is known, and its render goes on; or a canceled render knows what it cost
 * - `early`: the submission is still under way; the provider should tell again
 * - `ignored`: nothing waits for it
 */
export type EventOutcome = 'promoted' | 'settled' | 'early' | 'ignored';

export interface EventDeps {
  queue: RenderQueue;
  ledger: Ledger;
  settings: Settings;
  now(): number;
}
