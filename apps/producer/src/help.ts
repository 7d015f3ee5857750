import { type Settings, settingsHelp } from '@darkroom/shared';

/** The settings that this process reads. */
const SETTINGS: (keyof Settings)[] = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'LOG_LEVEL',
  'DATA_DIR',
  'QUEUE_URL',
  'QUEUE_PREFIX',
  'STORE_URL',
  'S3_ENDPOINT',
  'AWS_REGION',
  'SHUTDOWN_TIMEOUT_MS',
  'RETENTION_DAYS',
  'MAX_BODY_BYTES',
];

export function help(): string {
  return [
    'Usage: node apps/producer/src/main.ts',
    '',
    'Takes renders over HTTP, tells how they are, and shows the queues at /queues.',
    'Settings come from the environment; defaults in brackets:',
    '',
    settingsHelp(SETTINGS),
    '',
  ].join('\n');
}
