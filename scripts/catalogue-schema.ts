import { writeFile } from 'node:fs/promises';
import { createJsonSchema } from '../packages/catalogue/src/index.ts';

// Writes docs/catalogue.schema.json, by which editors check a catalogue file. A test fails when the file is out of date.
const path = new URL('../docs/catalogue.schema.json', import.meta.url);
await writeFile(path, `${JSON.stringify(createJsonSchema(), null, 2)}\n`);
