import { idempotencyKey } from '@darkroom/api';
import { z } from 'zod';

/** `Idempotency-Key`, as the API describes it; it is read in `intake/request.ts`. */
export const idempotencyHeader = z.object({
  'Idempotency-Key': idempotencyKey.optional().meta({
    description:
      'Bare, or as a quoted string as the IETF draft writes it. The same key with another request is a conflict.',
  }),
});
