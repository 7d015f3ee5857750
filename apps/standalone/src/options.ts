import { Command, InvalidArgumentError } from 'commander';

export interface Options {
  count: number;
  catalogue: boolean;
  open: boolean;
  once?: true;
  json?: true;
  fast?: true;
  yes?: true;
  fresh?: true;
}

const parseCount = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000) {
    throw new InvalidArgumentError('expected a whole number from 1 to 10000');
  }
  return value;
};

/** Reads the command line of `start`. */
export function readOptions(argv: string[]): Options {
  return new Command('start')
    .description(
      'All of Darkroom in one process: API, dashboard, worker, embedded queue, a folder as the store, and a ' +
        'simulated provider unless TOAPIS_API_KEY is set. Renders a sample catalogue, shows its contact sheet, then keeps ' +
        'serving.',
    )
    .option('--count <n>', 'samples to render', parseCount, 24)
    .option(
      '--once',
      'exit when the catalogue has ended; the exit code is 0 if every sample ended as expected',
    )
    .option('--fast', 'make the simulated provider fifty times faster')
    .option('--fresh', 'render all samples anew, also those that have an image')
    .option('--no-catalogue', 'serve without rendering the samples')
    .option(
      '--no-open',
      'do not open the contact sheet in the browser (it opens on a terminal with a desktop)',
    )
    .option(
      '--json',
      'print the summary as one JSON object on the last line of stdout; all other output goes to stderr',
    )
    .option('-y, --yes', 'spend real money without asking (with TOAPIS_API_KEY)')
    .addHelpText(
      'after',
      `
Settings come from the environment. The most important ones here:
  DATA_DIR         folder of the queue and the images (.darkroom); the simulated provider keeps its
                   data beside it (.darkroom-simulator)
  PORT             port of the API and the dashboard (3000, or a free one)
  TOAPIS_API_KEY   use the real provider; asks before it spends money
  QUEUE_URL        use a Redis instead of the embedded queue
  STORE_URL        s3://bucket/prefix instead of a folder

Examples:
  npx -y pnpm@12 start                       render, show progress, keep serving
  npx -y pnpm@12 start --once --fast --json  for scripts and CI
  npx -y pnpm@12 start --count 200 --fast    a larger catalogue`,
    )
    .allowExcessArguments(false)
    .parse(argv)
    .opts<Options>();
}
