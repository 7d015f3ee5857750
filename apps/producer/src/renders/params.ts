import { RENDER_ID } from '@darkroom/api';
import { z } from 'zod';

/** `{id}`, as the API describes it. Another text is the id of no render: a 404. */
export const idParam = z.object({
  id: z.string().regex(RENDER_ID).meta({ example: 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7' }),
});
