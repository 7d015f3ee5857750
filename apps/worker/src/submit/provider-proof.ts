import type { ProofAnswer } from '@darkroom/providers';
import type { Infra } from '../stage/index.ts';

/**
 * Knows whether the provider itself answers at its base URL. Without this proof nothing is submitted: with a wrong base
 * URL, or behind a gateway in trouble, every submission would end as an unknown purchase.
 */
export interface ProviderProof {
  /** Proves it once. Submissions that ask at the same time share one call. */
  obtain(): Promise<ProofAnswer>;
  /** A submission got no answer of the provider: the next one needs a new proof. */
  discard(): void;
}

export function openProviderProof({ provider, log }: Pick<Infra, 'provider' | 'log'>): ProviderProof {
  let pending: Promise<ProofAnswer> | undefined;
  const prove = async () => {
    // No job's signal: the answer is for all of them. The provider limits the time of its calls.
    const answer = await provider.prove(new AbortController().signal);
    if (answer.kind !== 'proven') {
      pending = undefined;
      log.warn({ reason: answer.reason }, 'submissions wait: the provider does not answer in its own form');
    }
    return answer;
  };
  return {
    obtain: () => {
      pending ??= prove();
      return pending;
    },
    discard: () => {
      pending = undefined;
    },
  };
}
