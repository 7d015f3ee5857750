import { QUEUE } from '@darkroom/shared/queues';
import { QUEUE_VIEWS, type QueueChange } from './queue-views.ts';

/** The icons of the controls that request a change. */
const ICONS: Record<QueueChange, readonly string[]> = {
  pause: ['.lucide-pause', '.lucide-play'],
  promote: ['.lucide-corner-up-left'],
  retry: ['.lucide-refresh-cw'],
  clean: ['.lucide-trash-2'],
  remove: ['.lucide-trash-2'],
};

const JOB_BUTTON = '[class*="jobActions-"] li';
/** A button above the list of jobs. */
const LIST_BUTTON = '[class*="queueActions-"] li';
/** An item of a menu that pauses: the menu of a queue, or of the overview. */
const MENU_ITEM = `[role="menu"]:has(${ICONS.pause.join(', ')}) [role="menuitem"]`;
const MENU_BUTTON = 'button[aria-haspopup="menu"]';

/**
 * Bull Board shows many controls whose change is always rejected (see `allowed-changes.ts`), and has no option to hide
 * one. This stylesheet hides them. It knows a control by its icon: of the actions and of the menu, it shows only the
 * icons that are listed, so a control that a later version adds is hidden, too. A test in a real browser lists the
 * controls that are visible.
 *
 * @param isReadOnly hide every control that changes something
 */
export function createHidingStyles(isReadOnly: boolean): string {
  const hidden = isReadOnly ? [...READ_ONLY_RULES, ...createRules()] : createRules();
  return `${hidden.join(',\n')} { display: none; }`;
}

/** All of them: buttons, the menus of queues, and the changes in the menu of the overview. */
const READ_ONLY_RULES = [
  JOB_BUTTON,
  LIST_BUTTON,
  `body:has(h1[title]) main ${MENU_BUTTON}`,
  `[class*="queueCard-"] ${MENU_BUTTON}`,
  `[role="menu"]:has(${ICONS.pause.join(', ')}, ${ICONS.retry.join(', ')}) [role="menuitem"]:not([aria-haspopup])`,
];

function createRules(): string[] {
  const onCompleted = 'body:has(a[aria-current="page"][href*="/queue/"][href*="status=completed"])';
  return [
    `${JOB_BUTTON}:not(:has(${iconsOf('promote', 'retry', 'remove')}))`,
    ...(['promote', 'retry', 'remove'] as const).map((change) => hideElsewhere(change, JOB_BUTTON)),
    `${LIST_BUTTON}:not(:has(${iconsOf('promote', 'retry', 'clean')}))`,
    ...(['promote', 'retry', 'clean'] as const).map((change) => hideElsewhere(change, LIST_BUTTON)),
    `body:not(${onCompleted}) ${LIST_BUTTON}:has(${iconsOf('clean')})`,
    // An item with a menu of its own sorts the queues of the overview.
    `${MENU_ITEM}:not([aria-haspopup], :has(${iconsOf('pause', 'retry')}))`,
    // The menu of the overview: pause all queues.
    `[role="menu"]:has([aria-haspopup]) [role="menuitem"]:has(${iconsOf('pause')})`,
    // The menus of queues that cannot be paused: on their pages and on the overview.
    ...findQueues((changes) => !changes.includes('pause')).flatMap((name) => [
      `${onPageOf([name])} main ${MENU_BUTTON}`,
      `[class*="queueCard-"]:has(a[href$="/queue/${name}"]) ${MENU_BUTTON}`,
    ]),
    // The dialog about a queue.
    '[role="dialog"] button:has(.lucide-pencil)',
    // The table of schedules.
    '[class*="actionsCell-"] button',
  ];
}

const iconsOf = (...changes: QueueChange[]) => changes.flatMap((change) => ICONS[change]).join(', ');

/** Hides the control of a change on the pages of queues that do not allow it. */
function hideElsewhere(change: QueueChange, control: string): string {
  const allowed = findQueues((changes) => changes.includes(change));
  return `body:not(${onPageOf(allowed)}) ${control}:has(${iconsOf(change)})`;
}

const findQueues = (test: (changes: readonly QueueChange[]) => boolean): string[] =>
  Object.entries(QUEUE_VIEWS).flatMap(([queue, { changes }]) =>
    test(changes) ? [QUEUE[queue as keyof typeof QUEUE]] : [],
  );

/** The page of a queue, or of one of its jobs. */
const onPageOf = (names: readonly string[]) =>
  `body:has(${names.map((name) => `h1[title="${name}"]`).join(', ')})`;
