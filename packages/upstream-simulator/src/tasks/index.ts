/*
 * Image tasks:
 *   task.ts          the stored task and its types
 *   task-plan.ts     creates a task: latency, outcome, price
 *   task-status.ts   status and JSON of a task at a given time
 *   task-store.ts    all tasks; processes their ends in time
 *   task-control.ts  ends and expires tasks on demand, for tests
 *   due-heap.ts      the order of the ends
 */
export {
  RESOLUTIONS,
  type Resolution,
  SIZES,
  type Size,
  type Task,
  type TaskRecord,
  type TaskStatus,
} from './task.ts';
export { createTaskControl, type TaskControl } from './task-control.ts';
export { DEFAULT_LATENCY, type Latency, planTask, type TaskSpec } from './task-plan.ts';
export { getStatus, hasExpired, serializeResult, serializeTask, toSeconds } from './task-status.ts';
export { TaskStore } from './task-store.ts';
