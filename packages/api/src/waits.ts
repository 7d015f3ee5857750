import type { WaitCode } from './fields.ts';

/** What callers and operators need to know about a reason why renders wait. Backticks mark code. */
export interface WaitInfo {
  title: string;
  meaning: string;
  advice: string;
  /** Whether the render goes on without a person. A pause with an end and a store that comes back also do. */
  resolvesItself: boolean;
  /** The command that helps, or shows more. `{id}` is the render, `{name}` the pause. */
  command: string;
}

/** Every reason why a render waits. Each has a page at `/problems/{code}`. */
export const WAITS = {
  paused: {
    title: 'An operator paused the submission',
    meaning:
      'A pause holds the render back, or its whole queue is paused. Nothing is bought meanwhile, and no deadline of the render runs. The render goes on at once when the last of its pauses ends.',
    advice:
      'Ask the owner of the pause. An operator ends it, or lets this one render through with `darkroom renders let-through`.',
    resolvesItself: false,
    command: 'darkroom resume {name}',
  },
  account: {
    title: "The provider's account cannot buy",
    meaning:
      'The account has no balance, or the provider rejects the API key. All submissions wait, and no render fails for it.',
    advice:
      'Add money to the account, or correct `TOAPIS_API_KEY`. Workers check the account by themselves, and go on.',
    resolvesItself: false,
    command: 'darkroom doctor',
  },
  budget: {
    title: 'A budget is used up',
    meaning:
      'A budget that counts this render has no money left for it. Nothing is bought, and no render fails for it. A budget per day renews at midnight UTC; a total never does.',
    advice: 'Wait for its renewal, or raise it.',
    resolvesItself: false,
    command: 'darkroom budget set {name} --limit <dollars>',
  },
  store: {
    title: 'The object store is away',
    meaning: 'The image cannot be stored. The render waits without a limit while the URL of its image lives.',
    advice: 'Check the store. The render goes on when the store answers.',
    resolvesItself: false,
    command: 'darkroom doctor',
  },
  drained: {
    title: 'All workers are drained',
    meaning:
      'An operator drained every worker that runs, so none takes the render. It goes on when a worker is started, or takes jobs again.',
    advice: 'Start a worker, or let a drained one take jobs again.',
    resolvesItself: false,
    command: 'darkroom workers undrain {name}',
  },
  quota: {
    title: "It waits for its turn within the provider's quota",
    meaning: 'Other renders are submitted first. All workers share one quota, so more workers do not help.',
    advice: 'Nothing is wrong. `queue_position`, `eta` and `eta_p90` say how long it takes.',
    resolvesItself: true,
    command: 'darkroom renders watch {id}',
  },
  unknown_purchase: {
    title: 'The outcome of its submission is unknown',
    meaning:
      'The request was sent, and no valid answer came back, so the image may have been bought. It is not bought again meanwhile.',
    advice:
      "Look for the render's id in the account of the provider, and state what became of the purchase. The provider's webhook does the same.",
    resolvesItself: false,
    command: 'darkroom renders resolve {id} bought --task <task id>',
  },
  provider: {
    title: 'The provider works on it',
    meaning: 'The image is bought, and the provider has not finished it. Workers poll the task.',
    advice: 'Nothing is wrong, unless it takes much longer than other renders.',
    resolvesItself: true,
    command: 'darkroom renders watch {id}',
  },
} as const satisfies Record<WaitCode, WaitInfo>;
