/** The exit codes of `darkroom`. Scripts depend on them, so they must not change. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  canceled: 4,
  partial: 5,
  refused: 6,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code means. `darkroom help exit-codes` and docs/cli.md show it. */
export const EXIT_MEANINGS: Record<keyof typeof EXIT, string> = {
  ok: 'The command did what it was asked to do.',
  failure: 'It failed: no connection, a refused key, an error of the server, a failed render or check.',
  usage: 'The command line, a profile or a setting is wrong, or a flag such as --yes is missing.',
  notFound: 'The server knows no such render, queue or other object.',
  canceled: 'The render or redrive was canceled, or you answered no.',
  partial: 'Some of the renders succeeded, and others did not.',
  refused: 'A cap refused it: a budget, the limit of a redrive, or a guard of a catalogue.',
  interrupted: 'You pressed Ctrl-C.',
};
