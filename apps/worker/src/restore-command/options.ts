import { parseArgs } from 'node:util';

/** An invalid command line. */
export class UsageError extends Error {}

export interface Options {
  dryRun: boolean;
  json: boolean;
  /** The help text, with `--help`. */
  help?: string;
}

const HELP = `Usage: npx -y pnpm@12 restore [options]

Adds every accepted render that the queue has lost, from the object store. Workers do this by themselves when Redis was
restarted, replaced or emptied; run it when you want to be sure. It buys nothing twice, runs beside live traffic, and can be
interrupted and repeated.

  --dry-run    print what it would do; change nothing
  --json       print the report as one JSON object; progress goes to stderr

Settings are read from the environment: QUEUE_URL, STORE_URL and the credentials of the store, as for a worker.
Exit code: 0, or 1 if the queue or the store is away or some renders could not be read, or 2 for a wrong option or setting.

Examples:
  npx -y pnpm@12 restore --dry-run
  npx -y pnpm@12 -s restore --json | jq .added
`;

/** @throws {UsageError} */
export function readOptions(argv: string[]): Options {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        'dry-run': { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return {
      dryRun: values['dry-run'] ?? false,
      json: values.json ?? false,
      ...(values.help ? { help: HELP } : {}),
    };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
