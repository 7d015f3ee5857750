import { afterAll, inject } from 'vitest';
import { cleanUpFile } from './cleanup.ts';
import { setRunOutput } from './process/index.ts';

// Vitest runs this before each test file, in its context.
setRunOutput(inject('output'));
afterAll(cleanUpFile);
