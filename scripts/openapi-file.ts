import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProducer } from '../apps/producer/src/index.ts';
import { parseSettings } from '../packages/shared/src/config/index.ts';
import { openEngine } from '../packages/shared/src/engine/index.ts';
import { openStore } from '../packages/shared/src/object-store/index.ts';
import { createLogger, systemClock } from '../packages/shared/src/runtime/index.ts';

// Writes docs/openapi.json from the document of a running producer. A test fails when the file is out of date.
const dataDir = await mkdtemp(join(tmpdir(), 'darkroom-openapi-'));
const engine = await openEngine({ dataDir, role: 'producer', prefix: 'openapi', onError: () => undefined });
const store = await openStore({ dataDir, clock: systemClock });
const settings = { ...parseSettings({ DATA_DIR: dataDir }), PORT: 0 };
const logger = createLogger({ name: 'openapi', level: 'silent' });
const producer = await startProducer({ settings, engine, store, logger, clock: systemClock, secrets: [] });
try {
  const answer = await fetch(`${producer.url}/openapi.json`);
  const document = (await answer.json()) as object;
  const file = { ...document, servers: [{ url: 'http://127.0.0.1:3000' }] };
  await writeFile(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(file, null, 2)}\n`);
} finally {
  await producer.close();
  await engine.close();
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
}
