import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { createScrub } from './scrub.ts';

export type { Logger } from 'pino';

/**
 * A JSON logger whose every line passes the scrubber as a whole, whatever was put into it: a redaction by field
 * name misses the secret that somebody quotes in a message.
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
