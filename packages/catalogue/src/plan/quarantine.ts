import { createProblemList, type Problem, type ProblemList } from '../problems.ts';

/** Rows that are not bought, because something is wrong with each of them alone. */
export interface Quarantine {
  /** How many rows. */
  readonly rows: number;
  /** Everything that is wrong with them. A row may have several problems. */
  readonly problems: Pick<ProblemList, 'count' | 'listed'>;
  /** More rows than the limit. Nothing may be bought. */
  readonly isOver: boolean;
  /** The first problem of a row. @param line on which it begins */
  find(line: number): Problem | undefined;
  /** Puts a row into quarantine, or adds another problem of it. */
  add(problem: Problem): void;
  /** Adds the problems of all rows, and the limit, to the problems that stop a run. */
  stop(problems: ProblemList): void;
}

/** @param limit of the rows. It bounds the memory. */
export function createQuarantine(limit: number): Quarantine {
  const found = new Map<number, Problem>();
  const problems = createProblemList();
  let isOver = false;
  return {
    get rows() {
      return found.size;
    },
    problems,
    get isOver() {
      return isOver;
    },
    find: (line) => found.get(line),
    add(problem) {
      problems.add(problem);
      const line = problem.line ?? 0;
      if (found.has(line)) return;
      if (found.size < limit) found.set(line, problem);
      else isOver = true;
    },
    stop(all) {
      all.add({
        in: 'catalogue',
        line: null,
        field: 'guards.max_quarantined_rows',
        message: `more than ${limit} ${limit === 1 ? 'row is' : 'rows are'} not valid`,
      });
      all.addAll(problems);
    },
  };
}
