import { z } from 'zod';

/** A stored image: what the queue, the receipt and the API say of it. Keys are relative to the store. */
export const storedImageSchema = z.strictObject({
  key: z.string(),
  sha256: z.string(),
  bytes: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  contentType: z.string(),
  thumbnailKey: z.string(),
});

export type StoredImage = z.infer<typeof storedImageSchema>;
