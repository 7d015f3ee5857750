import { afterAll, inject } from 'vitest';
import { cleanUpFile } from './cleanup.ts';
import { setRunOutput } from './process/index.ts';

// Vitest runs this module before each test file, in the file's own context.
setRunOutput(inject('output'));
afterAll(cleanUpFile);
