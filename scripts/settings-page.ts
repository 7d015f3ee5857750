import { writeFile } from 'node:fs/promises';
import { settingsPage } from '../packages/shared/src/config/index.ts';

// Writes docs/settings.md from the schema of the settings; a test tells when it must be run again.
await writeFile(new URL('../docs/settings.md', import.meta.url), settingsPage());
