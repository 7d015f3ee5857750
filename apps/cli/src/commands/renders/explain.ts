import { FAILURES, type RenderDetailResponse, WAITS, type WaitCode } from '@darkroom/api';

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

/** Failures after which a purchase is open: a statement is possible. */
const OPEN_PURCHASE: readonly string[] = ['submission_unknown', 'task_lost', 'task_timeout'];

const resolveCommands = (id: string) => [
  `darkroom renders resolve ${id} bought --task <task id>`,
  `darkroom renders resolve ${id} not-bought`,
  `darkroom renders resolve ${id} buy-again`,
];

/** Explains the state of a render. Pure. */
export function explainRender(render: RenderDetailResponse): Explanation {
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
    const { cause, resolves_itself, command, also } = waiting;
    const { meaning, advice } = WAITS[cause];
    const others = also.map((one) => `${one.cause}${one.name === null ? '' : ` (${one.name})`}`);
    return {
      code: cause,
      meaning: withoutBackticks(`${meaning}${others.length > 0 ? ` Also: ${others.join(', ')}.` : ''}`),
      advice: withoutBackticks(advice),
      resolves_itself,
      commands: waitCommands(id, cause, command),
    };
  }
  return { code: status, ...explainStatus(status), commands: statusCommands(render) };
}

function waitCommands(id: string, cause: WaitCode, command: string): string[] {
  switch (cause) {
    case 'unknown_purchase':
      return resolveCommands(id);
    case 'paused':
      return ['darkroom pause list', command, `darkroom renders let-through ${id} --reason <text>`];
    case 'drained':
      return ['darkroom workers list', command];
    case 'budget':
      return ['darkroom budget list', command];
    default:
      return [command];
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
