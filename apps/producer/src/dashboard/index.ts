// board.ts        Bull Board over every queue
// presentation.ts how jobs look on it: names, data, links (pure)
// guard.ts        what may be done on it, and what would break an invariant
// scrub-deep.ts   takes secrets out of everything it answers
export * from './board.ts';
export * from './scrub-deep.ts';
