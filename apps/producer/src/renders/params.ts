import { RENDER_ID } from '@darkroom/api';
import { z } from 'zod';

/** `{id}` in the OpenAPI document. Any other text is no render's id and is answered 404. */
export const idParam = z.object({
  id: z.string().regex(RENDER_ID).meta({ example: 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' }),
});

/** Maximum size in bytes of a body that needs no content. */
export const EMPTY_BODY_BYTES = 16 * 1024;
