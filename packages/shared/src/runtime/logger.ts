import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { createScrub } from './scrub.ts';

export type { Logger } from 'pino';

/**
 * A JSON logger that scrubs every line as a whole. A redaction by field name would miss a secret that is quoted inside a
 * message.
 */
export function createLogger(options: {
  name: string;
  level: string;
  secrets?: readonly string[];
  destination?: DestinationStream;
}): Logger {
  const scrub = createScrub(options.secrets);
  const target = options.destination ?? pino.destination({ dest: 2, sync: false });
  return pino(
    {
      name: options.name,
      level: options.level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => target.write(scrub(line)) },
  );
}
