import type { Settings } from '@darkroom/shared/config';
import type { Ledger } from '@darkroom/shared/ledger';
import { z } from 'zod';
import type { QueueStateReader, RenderQueue } from '../../backends/index.ts';

/** The fields of ToAPIs' event that are used. It has more. */
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
 * - `promoted`: the render polls its task now
 * - `recorded`: the task of an unknown purchase is known now, and its render continues; or the cost of a canceled
 *   render is known now
 * - `early`: the submission is still under way, or the render is not restored yet; ToAPIs should send the event again
 * - `ignored`: no render waits for this event
 */
export type EventOutcome = 'promoted' | 'recorded' | 'early' | 'ignored';

export interface EventDeps {
  queue: RenderQueue;
  ledger: Ledger;
  queueState: QueueStateReader;
  settings: Settings;
  /** Unix milliseconds. */
  now(): number;
}
