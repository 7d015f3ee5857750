import { FAILURES, type RenderDetailResponse, type WaitingFor } from '@darkroom/api';

/** Why a render waits or has ended, for a person and for a program. */
export interface Explanation {
  /** The cause of the wait, the code of the failure, or the status. */
  code: string;
  meaning: string;
  /** What to do, for people. */
  advice: string;
  /** Whether it goes on without anybody's help. */
  resolves_itself: boolean;
  /** The commands that help. */
  commands: string[];
}

const WAITS: Record<WaitingFor['cause'], Omit<Explanation, 'code' | 'commands'>> = {
  quota: {
    meaning: "It waits for its turn within the provider's quota.",
    advice: 'Nothing is wrong. More workers do not help: all workers share one quota.',
    resolves_itself: true,
  },
  account: {
    meaning: "The provider's account cannot buy: it has no balance, or the provider rejects the API key.",
    advice: 'Add money to the account, or correct TOAPIS_API_KEY. Workers check the account by themselves.',
    resolves_itself: false,
  },
  paused: {
    meaning: 'An operator paused the queue.',
    advice: 'Ask the person who paused it. Then resume the queue.',
    resolves_itself: false,
  },
  provider: {
    meaning: 'The provider works on it.',
    advice: 'Nothing is wrong, unless it takes much longer than other renders.',
    resolves_itself: true,
  },
  store: {
    meaning: 'The object store is away, so the image cannot be stored.',
    advice: 'Check the store. The render continues when the store answers.',
    resolves_itself: false,
  },
  budget: {
    meaning: 'A budget that counts this render is used up.',
    advice: 'Wait for its renewal, or raise it.',
    // A total never renews.
    resolves_itself: false,
  },
};

const UNKNOWN_PURCHASE: Omit<Explanation, 'code' | 'commands'> = {
  meaning:
    'The outcome of its submission is unknown, so the image may have been bought. It is not bought again meanwhile.',
  advice:
    "Look for the render's id in the provider's account. Then state what became of the purchase. The provider's webhook does the same.",
  resolves_itself: false,
};

/** Failures after which a purchase is open: a statement is possible. */
const OPEN_PURCHASE: readonly string[] = ['submission_unknown', 'task_lost', 'task_timeout'];

const resolveCommands = (id: string) => [
  `darkroom renders resolve ${id} bought --task <task id>`,
  `darkroom renders resolve ${id} not-bought`,
  `darkroom renders resolve ${id} buy-again`,
];

/** Explains the state of a render. Pure. @param pausedQueue the queue whose pause it waits for, if it is known */
export function explainRender(
  render: RenderDetailResponse,
  { pausedQueue }: { pausedQueue?: string | undefined } = {},
): Explanation {
  const { id, status, error, waiting_for: waiting } = render;
  if (error) {
    const { meaning, advice, redrive } = FAILURES[error.code];
    return {
      code: error.code,
      meaning: withoutBackticks(meaning),
      advice: withoutBackticks(`${advice} A redrive: ${redrive}`),
      resolves_itself: false,
      commands: [
        ...(OPEN_PURCHASE.includes(error.code) ? resolveCommands(id) : []),
        `darkroom renders redrive ${id}`,
      ],
    };
  }
  if (waiting) {
    const isUnknown = waiting.cause === 'provider' && waiting.reason !== null;
    const known = isUnknown ? UNKNOWN_PURCHASE : WAITS[waiting.cause];
    return {
      code: waiting.cause,
      ...known,
      commands: isUnknown ? resolveCommands(id) : waitCommands(id, waiting, pausedQueue),
    };
  }
  return { code: status, ...explainStatus(status), commands: statusCommands(render) };
}

function waitCommands(id: string, { cause }: WaitingFor, pausedQueue = '<queue>'): string[] {
  switch (cause) {
    case 'quota':
    case 'provider':
      return [`darkroom renders watch ${id}`];
    case 'paused':
      return ['darkroom queues list', `darkroom resume ${pausedQueue}`];
    case 'budget':
      return ['darkroom budget list', 'darkroom budget set <name> --limit <dollars>'];
    case 'account':
    case 'store':
      return ['darkroom doctor'];
  }
}

function explainStatus(status: RenderDetailResponse['status']): Omit<Explanation, 'code' | 'commands'> {
  switch (status) {
    case 'completed':
      return { meaning: 'The image is stored and checked.', advice: 'Nothing to do.', resolves_itself: true };
    case 'canceled':
      return {
        meaning: 'A caller or an operator canceled it.',
        advice: 'To have the image, create the render again with a new idempotency key.',
        resolves_itself: false,
      };
    default:
      return {
        meaning: 'Nothing keeps it from going on: a worker has it, or takes it next.',
        advice: 'If it stays like this, check whether workers run.',
        resolves_itself: true,
      };
  }
}

function statusCommands({ id, status }: RenderDetailResponse): string[] {
  if (status === 'completed') return [`darkroom open ${id}`];
  return status === 'canceled' ? [] : [`darkroom renders watch ${id}`, 'darkroom doctor'];
}

/** The texts of the API mark code for its pages. */
const withoutBackticks = (text: string) => text.replaceAll('`', '');
