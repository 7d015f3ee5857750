/** What a sweep repairs. */
export const REPAIRS = [
  /** The dead letter of a render that BullMQ failed was missing. */
  'dead_letter_written',
  /** A render waited although it has a cancel marker. */
  'cancel_woken',
  /** A job was delayed while a clock was ahead. */
  'delay_ended',
  /** An unknown purchase was held after its grace time had ended. */
  'hold_ended',
  /** An accepted render had neither a job nor a receipt. */
  'render_added',
  /** The receipt of a render that has ended was missing. */
  'receipt_written',
  /** The sum of a budget was not that of its purchases. */
  'budget_corrected',
] as const;
export type Repair = (typeof REPAIRS)[number];

/** How many repairs of each kind. A kind without a repair is absent. */
export type Repairs = Partial<Record<Repair, number>>;

/** The return value of a job `sweep`. */
export interface SweepReport {
  repairs: Repairs;
}
