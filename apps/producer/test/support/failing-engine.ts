import { type Engine, EngineError, type EngineQueueOptions } from '@darkroom/shared/engine';

/** An engine whose queue is away after so many bulk adds. */
export function failAfter(engine: Engine, calls: number): Engine {
  let left = calls;
  return withAddBulk(engine, (add) => {
    if (left-- > 0) return add();
    return Promise.reject(new EngineError('unavailable', 'gone'));
  });
}

/** An engine whose bulk adds go through `around`. @param count of the jobs. */
export function withAddBulk(
  engine: Engine,
  around: (add: () => Promise<unknown>, count: number) => Promise<unknown>,
): Engine {
  const queue = <D, R>(name: string, options?: EngineQueueOptions) => {
    const real = engine.queue<D, R>(name, options);
    return new Proxy(real, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key);
        if (key !== 'addBulk') return typeof value === 'function' ? value.bind(target) : value;
        return (jobs: Parameters<typeof target.addBulk>[0]) =>
          around(() => target.addBulk(jobs), jobs.length);
      },
    });
  };
  return Object.assign(Object.create(engine) as Engine, { queue });
}
