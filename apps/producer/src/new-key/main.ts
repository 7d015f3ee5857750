import { randomBytes } from 'node:crypto';
import { readOptions } from './options.ts';
import { createKeyOutput, createWebhookSecretOutput } from './output.ts';

const options = readOptions(process.argv.slice(2));
process.stdout.write(
  options.webhookSecret ? createWebhookSecretOutput(options, randomBytes(32)) : createKeyOutput(options),
);
