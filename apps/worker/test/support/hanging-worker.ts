import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { runService } from '@darkroom/shared/service';
import { startWorker } from '../../src/index.ts';

// A worker that never goes on after a point of the end of a render, until it is killed: before it writes a receipt, or
// before it counts an end in its run. `HANG_BEFORE` names the point.

const hang = () => new Promise<never>(() => undefined);

const wrapStore = (store: ObjectStore): ObjectStore =>
  new Proxy(store, {
    get(target, name) {
      if (name === 'put')
        return (key: string, ...rest: [never, never]) =>
          key.startsWith('renders/') ? hang() : target.put(key, ...rest);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

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
    const store = point === 'receipt' ? wrapStore(parts.store) : parts.store;
    const engine = point === 'count' ? wrapEngine(parts.engine) : parts.engine;
    const worker = await startWorker({ ...parts, store, engine });
    return { announce: 'started', close: () => worker.close() };
  },
});
