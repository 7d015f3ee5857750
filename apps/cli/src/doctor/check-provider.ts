import type { Provider } from '@darkroom/providers';
import type { Queues } from '@darkroom/shared/queues';
import { ANSWER_MS, type Check, fail, ok, type Patient, runCheck, warn } from './check.ts';

const NAME = 'provider';
/** Waiting renders whose prices are read. The others count with the average of these. */
const MAX_PRICED = 200;

/** Checks the provider's key, and its balance against the price of the waiting work. */
export async function checkProvider({ provider, queues, signal }: Patient): Promise<Check[]> {
  if (!provider) return [];
  return await runCheck(NAME, 'Check TOAPIS_BASE_URL and the network.', async () => {
    const answer = await provider.readBalance(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]));
    switch (answer.kind) {
      case 'unauthorized':
        return fail(
          NAME,
          'The provider rejects TOAPIS_API_KEY',
          'Set a valid key. Renders are kept meanwhile.',
        );
      case 'empty':
        return fail(
          NAME,
          'The account has no balance',
          'Add money to the account. Renders are kept meanwhile.',
        );
      case 'unreadable':
        return warn(
          NAME,
          `The balance cannot be read: ${answer.reason}`,
          'Check TOAPIS_BASE_URL, the network and the rights of the key.',
        );
      case 'usable': {
        const { remaining } = answer;
        if (remaining === undefined) return ok(NAME, 'The key is valid, and the account has no limit');
        const waiting = queues ? await priceWaitingWork(queues, provider).catch(() => undefined) : undefined;
        return compareBalance(remaining, waiting);
      }
    }
  });
}

interface WaitingWork {
  renders: number;
  micros: number;
}

function compareBalance(remaining: number, waiting: WaitingWork | undefined): Check {
  const balance = `The key is valid, and the balance is ${remaining}`;
  if (!waiting) return ok(NAME, `${balance}; the waiting work is not known`);
  const price = `${waiting.renders} renders wait for their purchase, for about $${(waiting.micros / 1e6).toFixed(3)}`;
  return remaining * 1e6 < waiting.micros
    ? warn(NAME, `${balance}, but ${price}`, 'Add money to the account: submissions stop when it is used up.')
    : ok(NAME, `${balance}; ${price}`);
}

/** The price of the renders that are not bought yet, at the configured prices. */
async function priceWaitingWork(queues: Queues, provider: Provider): Promise<WaitingWork> {
  const [fresh, submitting, freshJobs, submitJobs] = await Promise.all([
    queues.render.getJobCountByTypes('prioritized', 'waiting'),
    queues.submit.getJobCountByTypes('prioritized', 'waiting', 'delayed', 'active'),
    queues.render.getJobs(['prioritized', 'waiting'], 0, MAX_PRICED - 1),
    queues.submit.getJobs(['prioritized', 'waiting', 'delayed', 'active'], 0, MAX_PRICED - 1),
  ]);
  // A job that ends meanwhile is undefined.
  const requests = [...freshJobs, ...submitJobs].flatMap((job) => (job ? [job.data.request] : []));
  const sum = requests.reduce((total, request) => total + provider.priceMicros(request), 0);
  const renders = fresh + submitting;
  return { renders, micros: requests.length === 0 ? 0 : Math.round((sum / requests.length) * renders) };
}
