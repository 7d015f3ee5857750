import { DarkroomError } from '@darkroom/client';
import { ConfigError } from '@darkroom/shared/config';
import { errorMessage } from '@darkroom/shared/runtime';
import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** An error for the person at the terminal. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  /** What to do next: lines below the message. */
  readonly remedies: readonly string[];
  constructor(exitCode: ExitCode, message: string, ...remedies: string[]) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.remedies = remedies;
  }
}

/** Where requests go, for the texts of errors. */
export interface Address {
  url: string;
  /** What the URL is, for a sentence: `the value of DARKROOM_URL`, `of profile prod` or `the default, …`. */
  source: string;
}

/** Turns anything that was thrown into an error with an exit code and remedies. */
export function toCliError(error: unknown, address?: Address): CliError {
  if (error instanceof CliError) return error;
  // commander has printed its own message.
  if (error instanceof CommanderError) return new CliError(error.exitCode === 0 ? EXIT.ok : EXIT.usage, '');
  if (error instanceof DarkroomError) return fromDarkroomError(error, address);
  // The client and the settings report a wrong value in this way, before anything is sent.
  if (error instanceof TypeError || error instanceof ConfigError)
    return new CliError(EXIT.usage, error.message);
  return new CliError(EXIT.failure, errorMessage(error));
}

/** Codes of the API for requests that a budget or a limit refuses. */
const REFUSED_BY_CAP = /budget|cap_|limit_exceeded|max_/;

function fromDarkroomError(error: DarkroomError, address: Address | undefined): CliError {
  if (error.code === 'network' || error.code === 'timeout') return createConnectionError(error, address);
  if (error.status === 404) return new CliError(EXIT.notFound, error.message);
  if (error.status === 401)
    return new CliError(
      EXIT.failure,
      error.message,
      'Set DARKROOM_API_KEY, or use a profile: darkroom profiles set <name> --url <url>.',
      'An operator creates a key with: darkroom keys new',
    );
  if (error.status === 403)
    return new CliError(
      EXIT.failure,
      error.message,
      "Use a key with this role. Operators of all tenants use: darkroom keys new --tenant '*'",
    );
  if (REFUSED_BY_CAP.test(error.code)) return new CliError(EXIT.refused, error.message);
  if (error.code === 'unexpected_response')
    return new CliError(EXIT.failure, error.message, ...name(address));
  if (error.status === 400 || error.status === 422) return createRequestError(error);
  return new CliError(EXIT.failure, error.message);
}

/** Fields of requests whose flag has another name. */
const FLAGS: Record<string, string> = { created_after: 'after', created_before: 'before', task_id: 'task' };

/** Names the flags in place of the fields of the request. */
function createRequestError({ message, problems }: DarkroomError): CliError {
  const [first, ...others] = problems.map(
    ({ field, expected, received }) =>
      `--${FLAGS[field] ?? field.replaceAll('_', '-')}: expected ${expected}, received ${received}`,
  );
  return new CliError(EXIT.usage, first ?? message, ...others);
}

function createConnectionError(error: DarkroomError, address: Address | undefined): CliError {
  if (!address) return new CliError(EXIT.failure, error.message);
  const reason = /\(([A-Z_]+)\)/.exec(error.message)?.[1];
  const message =
    error.code === 'timeout'
      ? `${address.url} did not answer in time.`
      : `${address.url} does not answer${reason ? ` (${reason})` : ''}.`;
  return new CliError(
    EXIT.failure,
    message,
    ...name(address),
    'Start Darkroom on this machine with: npx -y pnpm@12 start',
    'Or set DARKROOM_URL to the URL of a running producer.',
  );
}

const name = (address: Address | undefined) => (address ? [`This URL is ${address.source}.`] : []);
