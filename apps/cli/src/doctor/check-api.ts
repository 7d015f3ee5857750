import { errorCause, errorMessage } from '@darkroom/shared/runtime';
import type { Api } from '../api/index.ts';
import { type Check, fail, ok, warn } from './check.ts';

const NAME = 'producer';

/** Checks the producer that the other commands talk to. @param isChosen whether an operator named its URL */
export async function checkApi(
  api: Api,
  { url, isChosen }: { url: string; isChosen: boolean },
): Promise<Check> {
  try {
    const { status, body } = await api.readReadiness();
    if (status === 200 && body.restoring === true)
      return warn(
        NAME,
        `${url} restores renders that the queue had lost`,
        'Wait, or follow it with: darkroom restore',
      );
    if (status === 200) return ok(NAME, `${url} is ready`);
    const reason = typeof body.reason === 'string' ? `: ${body.reason}` : '';
    return fail(NAME, `${url} is not ready (HTTP ${status})${reason}`, 'Check the queue and the store.');
  } catch (error) {
    return (isChosen ? fail : warn)(
      NAME,
      `${url} does not answer: ${errorMessage(errorCause(error) ?? error)}`,
      'Start a producer, or set DARKROOM_URL to the URL of a running one.',
    );
  }
}
