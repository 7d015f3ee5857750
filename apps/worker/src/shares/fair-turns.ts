/** A line in which submissions wait. */
export interface SharedLine {
  line: number;
  waiting: number;
  share: number;
}

/** Gives turns to lines in proportion to their shares. */
export interface FairTurns {
  /**
   * The lines of the next turns, in order. A line gets at most as many as wait in it.
   *
   * @param lines all lines in which submissions wait
   */
  take(lines: readonly SharedLine[], count: number): number[];
}

/**
 * Start-time fair queueing. A turn of a line lasts `1 / share` of virtual time, and the line whose next turn begins first
 * is next. A line that was empty begins at the present: it has saved nothing, and owes nothing.
 */
export function createFairTurns(): FairTurns {
  /** Virtual time: when the last turn began. */
  let present = 0;
  /** When the last turn of a line ends. Only of those that end later than `present`. */
  const ends = new Map<number, number>();

  return {
    take: (lines, count) => {
      const turns: number[] = [];
      const waiting = lines.map((line) => ({ ...line }));
      while (turns.length < count) {
        const open = waiting.filter((one) => one.waiting > 0);
        const [first] = open;
        if (!first) break;
        const startOf = ({ line }: SharedLine) => Math.max(present, ends.get(line) ?? 0);
        const next = open.reduce((best, one) => (startOf(one) < startOf(best) ? one : best), first);
        present = startOf(next);
        ends.set(next.line, present + 1 / next.share);
        next.waiting -= 1;
        turns.push(next.line);
      }
      for (const [line, end] of ends) if (end <= present) ends.delete(line);
      return turns;
    },
  };
}
