import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { runService } from '@darkroom/shared/service';
import { startWorker } from '../../src/index.ts';

// A worker that never goes on after a point, until it is killed: before it writes a receipt, before it counts an end in its
// run, or before it reads the rest of the journal. `HANG_BEFORE` names the point.

/** Entries of the journal that it reads: as many as a restore reads at the same time. */
const READ_ENTRIES = 16;

const hang = () => new Promise<never>(() => undefined);

function wrapStore(store: ObjectStore, point: string | undefined): ObjectStore {
  const entries = new Set<string>();
  return new Proxy(store, {
    get(target, name) {
      if (point === 'receipt' && name === 'put')
        return (key: string, ...rest: [never, never]) =>
          key.startsWith('renders/') ? hang() : target.put(key, ...rest);
      if (point === 'journal' && name === 'get')
        return (key: string, ...rest: [never]) => {
          if (key.startsWith('intake/')) entries.add(key);
          return entries.size > READ_ENTRIES ? hang() : target.get(key, ...rest);
        };
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const wrapEngine = (engine: Engine): Engine => {
  const { runTallies } = engine;
  const change: typeof runTallies.change = async (run, kind, renders) =>
    kind === 'move' && renders.some(({ place }) => place % 2 === 0)
      ? await hang()
      : await runTallies.change(run, kind, renders);
  return { ...engine, runTallies: { ...runTallies, change } };
};

await runService({
  name: 'worker',
  purpose: 'Hangs, for a test.',
  reads: [],
  needs: { always: {}, production: [] },
  start: async (parts) => {
    const point = process.env['HANG_BEFORE'];
    const store = wrapStore(parts.store, point);
    const engine = point === 'count' ? wrapEngine(parts.engine) : parts.engine;
    const worker = await startWorker({ ...parts, store, engine });
    return { announce: 'started', close: () => worker.close() };
  },
});
