import { QUEUE } from '@darkroom/shared/queues';
import { QUEUE_VIEWS } from './queue-views.ts';

/**
 * Bull Board shows many controls whose change is always rejected (see `allowed-changes.ts`), and has no option to hide
 * one. This stylesheet hides them. It knows a control by its icon: of the actions and of the menu, it shows only the
 * icons that are listed, so a control that a later version adds is hidden, too. A test in a real browser lists the
 * controls that are visible.
 */
export function createHidingStyles(): string {
  const removable = Object.entries(QUEUE_VIEWS).flatMap(([queue, view]) =>
    view.removable ? [QUEUE[queue as keyof typeof QUEUE]] : [],
  );
  const onRemovable = `body:has(${removable.map((name) => `h1[title="${name}"]`).join(', ')})`;
  const onCompleted = 'body:has(a[aria-current="page"][href*="/queue/"][href*="status=completed"])';
  const [retry, promote, remove] = ['.lucide-refresh-cw', '.lucide-corner-up-left', '.lucide-trash-2'];
  const [pause, resume] = ['.lucide-pause', '.lucide-play'];
  const rules = [
    // The buttons of a job.
    `[class*="jobActions-"] li:not(:has(${retry}, ${promote}, ${remove}))`,
    `body:not(${onRemovable}) [class*="jobActions-"] li:has(${remove})`,
    // The buttons above the list of jobs.
    `[class*="queueActions-"] li:not(:has(${retry}, ${promote}, ${remove}))`,
    `body:not(${onCompleted}) [class*="queueActions-"] li:has(${remove})`,
    // The menu of a queue.
    `[role="menu"]:has(${pause}, ${resume}) [role="menuitem"]:not(:has(${pause}, ${resume}, ${retry}))`,
    // The dialog about a queue.
    '[role="dialog"] button:has(.lucide-pencil)',
    // The table of schedules.
    '[class*="actionsCell-"] button',
  ];
  return `${rules.join(',\n')} { display: none; }`;
}
