// queues.ts  queues list
// pauses.ts  pause, pause list, resume
import { PAUSE_COMMANDS } from './pauses.ts';
import { listQueuesCommand } from './queues.ts';

export const QUEUE_COMMANDS = [listQueuesCommand, ...PAUSE_COMMANDS];
