/** A row of a source. */
export interface Row {
  /** The line on which it begins, from 1. */
  line: number;
  /** In a CSV, all values are strings. */
  values: Record<string, unknown>;
}

/** A longer record is most likely a quote that was not closed. It bounds the memory of a reading. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;
