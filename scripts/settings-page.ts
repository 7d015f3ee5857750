import { writeFile } from 'node:fs/promises';
import { settingsPage } from '../packages/shared/src/config/index.ts';

// Writes docs/settings.md from the schema of the settings. A test fails when the file is out of date.
await writeFile(new URL('../docs/settings.md', import.meta.url), settingsPage());
