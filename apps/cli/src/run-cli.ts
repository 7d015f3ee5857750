import { toCliError } from './cli-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import type { Host } from './host.ts';
import { createProgram } from './program.ts';

/** Runs one command line. @param argv without Node and the file @returns the exit code */
export async function runCli(argv: readonly string[], host: Host): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = createProgram(host, (ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (thrown) {
    if (host.signal.aborted) return EXIT.interrupted;
    const error = toCliError(thrown);
    if (error.message) host.err(`error: ${error.message}\n`);
    for (const remedy of error.remedies) host.err(`  ${remedy}\n`);
    return error.exitCode;
  }
}
