// open.ts     pages in a browser
// restore.ts  the restore, as a process of the worker
// doctor.ts   the checks
import { doctorCommand } from './doctor.ts';
import { openCommand } from './open.ts';
import { restoreCommand } from './restore.ts';

export const SYSTEM_COMMANDS = [doctorCommand, restoreCommand, openCommand];
