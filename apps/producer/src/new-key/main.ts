import { randomBytes } from 'node:crypto';
import { readOptions, UsageError } from './options.ts';
import { createKeyOutput, createWebhookSecretOutput } from './output.ts';

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(options.help);
  else if (options.webhookSecret) process.stdout.write(createWebhookSecretOutput(options, randomBytes(32)));
  else process.stdout.write(createKeyOutput(options));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nTry --help.\n`);
  process.exit(2);
}
