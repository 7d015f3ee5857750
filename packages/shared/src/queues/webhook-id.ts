import { FINAL_STATUSES, type FinalStatus } from '@darkroom/api';

/**
 * The id of the telling of one end of a render: the notify job's, and the `webhook-id` that receivers see. Derived
 * (I6): a run that tells the same end again finds the job there.
 *
 * @param end how often the render had ended before: a redriven render that fails again is told again.
 * @param index among the URLs that are told of this end.
 */
export const webhookId = (renderId: string, state: FinalStatus, end: number, index: number) =>
  `msg_${renderId}_${state}_${end}${index === 0 ? '' : `_${index}`}`;

/** The ids under which an end of a render may have been told to its URL number `index`: one for each state. */
export const webhookIds = (renderId: string, end: number, index: number) =>
  FINAL_STATUSES.map((state) => webhookId(renderId, state, end, index));
