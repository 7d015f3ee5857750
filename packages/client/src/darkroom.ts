import { type DarkroomOptions, openTransport } from './open-transport.ts';
import { createRenders, type Renders } from './renders/index.ts';

export interface Darkroom {
  readonly renders: Renders;
}

/**
 * Creates a client of one Darkroom server. The client holds no connection, so there is nothing to close.
 *
 * @throws TypeError when an option is not valid. The message never contains a secret.
 */
export function createDarkroom(options: DarkroomOptions): Darkroom {
  return { renders: createRenders(openTransport(options)) };
}
