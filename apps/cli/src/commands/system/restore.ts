import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { CliError } from '../../cli-error.ts';
import { defineCommand } from '../../command/index.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';

/** The command that restores. It is part of the worker, because a restore is the worker's work. */
const RESTORE = fileURLToPath(new URL('../../../../worker/src/restore-command/main.ts', import.meta.url));

export const restoreCommand = defineCommand<{ dryRun?: true }>({
  path: 'restore',
  summary: 'Add every accepted render that the queue has lost, from the object store.',
  details:
    'It connects to Redis and to the store itself: set QUEUE_URL, STORE_URL and the credentials of the store, as for a ' +
    'worker. Workers restore by themselves after Redis was restarted, replaced or emptied. It buys nothing twice.',
  options: [new Option('--dry-run', 'say what it would do; change nothing')],
  examples: ['restore --dry-run', 'restore', 'restore --json added,unreadable'],
  fields: ['read', 'present', 'added', 'cancels', 'ended', 'webhooks', 'unreadable'],
  uses: 'direct',
  run: async ({ options: { dryRun }, host, isJson }) => {
    const args = [...(dryRun ? ['--dry-run'] : []), ...(isJson ? ['--json'] : [])];
    const child = spawn(process.execPath, [RESTORE, ...args], {
      env: host.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const interrupt = () => void child.kill('SIGINT');
    host.signal.addEventListener('abort', interrupt, { once: true });
    child.stderr.on('data', (chunk: Buffer) => host.err(chunk.toString()));
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    host.signal.removeEventListener('abort', interrupt);
    const exitCode = (typeof code === 'number' ? code : EXIT.failure) as ExitCode;
    // Without a report, the command has written its error.
    if (output === '') throw new CliError(exitCode, '');
    return { data: isJson ? (JSON.parse(output) as object) : {}, text: output, exitCode };
  },
});
