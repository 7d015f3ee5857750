import type { Infra } from './stage/infra.ts';

interface Closable {
  close(force?: boolean): Promise<void>;
  cancelAllJobs(reason?: string): void;
}

/** Stops in the order in which work would be lost: looks at once, submissions never, the rest when time is up. */
export async function closeWorkers(
  workers: Record<'render' | 'submit' | 'store' | 'webhook' | 'maintenance', Closable>,
  { settings, clock, log }: Pick<Infra, 'settings' | 'clock' | 'log'>,
): Promise<void> {
  const { render, store, webhook, maintenance } = workers;
  const all = Promise.all(Object.values(workers).map((worker) => worker.close()));
  render.cancelAllJobs('shutting down');
  maintenance.cancelAllJobs('shutting down');
  const timer = new AbortController();
  const late = clock.sleep(settings.SHUTDOWN_TIMEOUT_MS, timer.signal).then(
    async () => {
      log.warn('shutdown took too long: downloads and webhooks are put back');
      store.cancelAllJobs('shutting down');
      webhook.cancelAllJobs('shutting down');
      await clock.sleep(2000, timer.signal);
      log.error('shutdown took too long: leaving; locks run out by themselves');
    },
    () => undefined,
  );
  await Promise.race([all, late.catch(() => undefined)]);
  timer.abort();
}
