/*
 * Faults on demand:
 *   fault-kinds.ts     every kind, where it applies, its parameters
 *   fault-syntax.ts    rules as JSON, as a command-line flag, as a directive in a prompt
 *   fault-schedule.ts  the active rules; decides which fault applies to a request or task
 */
export {
  FAULT_KINDS,
  type Fault,
  type FaultAt,
  type FaultKind,
  type FaultRule,
} from './fault-kinds.ts';
export { type FaultControl, FaultSchedule, type FaultState, type FaultSubject } from './fault-schedule.ts';
export { parseDirectives, parseFaultFlag, parseRule, stripDirectives } from './fault-syntax.ts';
