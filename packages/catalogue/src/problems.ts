/** One problem of a catalogue file or of its source. */
export interface Problem {
  in: 'catalogue' | 'source' | 'manifest';
  /** From 1, as an editor counts. Null for a problem of the whole file. */
  line: number | null;
  /** A field of the catalogue file, or a column of the source. */
  field: string | null;
  message: string;
}

/** A report keeps this many problems, and counts the others. */
export const MAX_PROBLEMS = 1_000;

/** All problems of one reading, in the order in which they were found. */
export interface ProblemList {
  readonly listed: readonly Problem[];
  readonly count: number;
  add(problem: Problem): void;
  /** Adds a problem that ends the reading. It is listed even after many others. */
  addFatal(error: FatalProblem): void;
  /** Adds the problems of another list. */
  addAll(other: Pick<ProblemList, 'listed' | 'count'>): void;
}

export function createProblemList(): ProblemList {
  const listed: Problem[] = [];
  let count = 0;
  return {
    listed,
    get count() {
      return count;
    },
    add(problem) {
      count += 1;
      if (listed.length < MAX_PROBLEMS) listed.push(problem);
    },
    addFatal({ problem }) {
      count += 1;
      listed.push(problem);
    },
    addAll(other) {
      count += other.count;
      listed.push(...other.listed.slice(0, Math.max(0, MAX_PROBLEMS - listed.length)));
    },
  };
}

/** A problem after which nothing more can be read. */
export class FatalProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem, options?: { cause?: unknown }) {
    super(problem.message, options);
    this.name = 'FatalProblem';
    this.problem = problem;
  }
}

/** A problem of the source, after which nothing more can be read. @param line null for the whole file */
export const fatalSourceProblem = (line: number | null, message: string, options?: { cause?: unknown }) =>
  new FatalProblem({ in: 'source', line, field: null, message }, options);
