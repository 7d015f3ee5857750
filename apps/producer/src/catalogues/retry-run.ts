import type { CatalogueFailuresResponse, CatalogueRetry } from '@darkroom/api';
import {
  type CatalogueRunStore,
  mayBePaid,
  type Retry,
  type RunRequest,
  wouldFailAgain,
} from '@darkroom/catalogue';
import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import { formatDollars } from '@darkroom/shared/snapshot';
import pMap from 'p-map';
import { withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { RunFacts } from './read-runs.ts';

interface RetryDeps {
  runs: CatalogueRunStore;
  settings: Pick<Settings, 'PRICES'>;
}

/** Parts that are read at the same time. */
const PARALLEL = 8;
/** For the results of a run of 1,000,000 items. */
const READ_MS = 60_000;
/** A run name has 40 characters. */
const MAX_STEM = 34;

type Failure = CatalogueFailuresResponse['data'][number];

/** What a run has not delivered, by error. @throws {ProblemError} `catalogue_retry_refused`. */
export async function listFailures({ runs, settings }: RetryDeps, facts: RunFacts): Promise<Failure[]> {
  const { request } = facts;
  const { parts } = requireDelivered(facts);
  const found = new Map<string, Omit<Failure, 'price'> & { priceMicros: number }>();
  await withStoreDeadline(READ_MS, async (signal) => {
    const add = async (part: number) => {
      for (const entry of await runs.readResults(request, part, { signal })) {
        const { status, error, inputs } = entry;
        if (status !== 'failed' && status !== 'not_bought') continue;
        const code = error?.code ?? '';
        const group = found.get(`${status} ${code}`) ?? {
          status,
          code,
          items: 0,
          priceMicros: 0,
          fails_again: wouldFailAgain(entry),
          may_be_paid: mayBePaid(entry),
        };
        group.items += 1;
        group.priceMicros += getRenderPrice(settings, inputs.resolution as '1K' | '2K' | '4K');
        found.set(`${status} ${code}`, group);
      }
    };
    await pMap(Array.from({ length: parts }).keys(), add, { concurrency: PARALLEL, signal });
  });
  return [...found.values()]
    .sort((a, b) => b.items - a.items || (a.code < b.code ? -1 : 1))
    .map(({ priceMicros, ...group }) => ({ ...group, price: formatDollars(priceMicros) }));
}

/**
 * Writes the request for a run that buys again what another one has not delivered, or finds the run that an earlier call
 * requested: its name is derived from the run that it retries.
 *
 * @throws {ProblemError} `catalogue_retry_refused`.
 */
export async function startRetry(
  { runs }: RetryDeps,
  facts: RunFacts,
  { not_bought: notBought = false, codes, price }: CatalogueRetry,
  { actor, now }: { actor: string; now: number },
): Promise<{ request: RunRequest; isNew: boolean }> {
  const base = facts.request;
  requireDelivered(facts);
  const retry: Retry = {
    of: base.run,
    notBought,
    codes: codes ? [...new Set(codes)].sort() : null,
    price: price ?? null,
  };
  return await withStoreDeadline(READ_MS, async (signal) => {
    const latest = await runs.readLatest(base.tenant, base.catalogue, { signal });
    const stem = base.run.replace(/-r\d+$/, '').slice(0, MAX_STEM);
    for (let number = 1; ; number += 1) {
      const run = `${stem}-r${number}`;
      const request = { ...base, run, accepted: [], approved: null, actor, createdAt: now, retry };
      const present = await runs.readRequest(request, { signal });
      if (!present) {
        // Its manifest would bring back what the later run has replaced.
        if (latest && latest.run !== base.run && Date.parse(latest.requested_at) > base.createdAt)
          throw refuse(`The run ${latest.run} has delivered since.`);
        if (await runs.writeRequest(request, { signal })) return { request, isNew: true };
        // Another call was first. Its request is read again.
        number -= 1;
        continue;
      }
      if (!isSameRetry(present.retry, retry)) continue;
      // A run that stopped has bought nothing: the next one gets another number.
      if ((await runs.readSummary(present, { signal }))?.status === 'stopped') continue;
      return { request: present, isNew: false };
    }
  });
}

/** @returns the plan of a run that has a manifest */
function requireDelivered({ request, plan, summary }: RunFacts): NonNullable<RunFacts['plan']> {
  if (!summary) throw refuse(`The run ${request.run} has not ended.`);
  if (!plan || !summary.manifest)
    throw refuse(`The run ${request.run} has delivered nothing: it is ${summary.status}.`);
  return plan;
}

/** The price that was shown makes no other run. */
const isSameRetry = (one: Retry | undefined, other: Retry) =>
  one?.of === other.of &&
  one.notBought === other.notBought &&
  JSON.stringify(one.codes) === JSON.stringify(other.codes);

const refuse = (detail: string) => new ProblemError('catalogue_retry_refused', detail);
