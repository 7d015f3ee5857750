import type { Decision, InputName } from '@darkroom/catalogue';
import { formatFacts, showSafely } from '../../output/index.ts';

/** Why one item is bought or not. */
export interface Explanation {
  key: string;
  view: string | null;
  name: string;
  /** `buy`, `keep`, `leave`, `quarantine` or `remove`. */
  decision: Decision['kind'];
  reason: string;
  /** The inputs that changed, with their values before and now. */
  changes: { input: InputName; before: string; after: string }[];
  prompt: string;
}

export function explainDecision(decision: Decision): Explanation {
  const { kind, previous } = decision;
  if (kind === 'remove') {
    const { key, view, name, inputs } = decision.previous;
    const reason = 'The source does not have it any more. Its image stays in the store.';
    return { key, view, name, decision: kind, reason, changes: [], prompt: inputs.prompt };
  }
  if (decision.kind === 'quarantine') {
    const { item, problem } = decision;
    const { key, view, name } = item;
    const image = previous?.image ? 'It keeps the image that it has.' : 'It has no image.';
    const reason = `Its row is not valid: ${problem.message}. ${image}`;
    return { key, view, name, decision: kind, reason, changes: [], prompt: previous?.inputs.prompt ?? '' };
  }
  const { item, inputs } = decision;
  const { key, view, name, prompt } = item;
  const changes = (decision.kind === 'buy' ? decision.changes : []).map((input) => ({
    input,
    before: String(previous?.inputs[input] ?? 'none'),
    after: String(inputs[input] ?? 'none'),
  }));
  return { key, view, name, decision: kind, reason: describeReason(decision), changes, prompt };
}

function describeReason(decision: Extract<Decision, { kind: 'buy' | 'keep' | 'leave' }>): string {
  if (decision.kind === 'keep') return 'Everything that determines its image is as it was.';
  if (decision.kind === 'leave') {
    const { error, render_id: renderId } = decision.previous;
    return `Its image may be paid for (${error?.code}): redrive the render ${renderId}, or buy it again with catalogue retry-failed --code ${error?.code}.`;
  }
  switch (decision.reason) {
    case 'new':
      return 'The last good run did not have it.';
    case 'no_image': {
      const { status, error } = decision.previous ?? {};
      return `The last good run has no image of it: ${status}${error ? ` (${error.code})` : ''}.`;
    }
    case 'rejected':
      return 'Its image was rejected in a review.';
    case 'changed':
      if (decision.changes.length === 0) return 'Darkroom computes its hash in another way now.';
      return `Changed: ${decision.changes.join(', ')}.`;
  }
}

export const formatExplanations = (explanations: readonly Explanation[]): string =>
  explanations
    .map(({ key, view, name, decision, reason, changes, prompt }) =>
      formatFacts([
        ['item', showSafely(view === null ? key : `${key}, ${view}`)],
        ['image', name],
        ['decision', decision],
        ['reason', showSafely(reason)],
        ...changes.flatMap(({ input, before, after }): [string, string][] => [
          [`${input} before`, showSafely(before)],
          [`${input} now`, showSafely(after)],
        ]),
        ['prompt', changes.some(({ input }) => input === 'prompt') ? undefined : showSafely(prompt)],
      ]),
    )
    .join('\n');
