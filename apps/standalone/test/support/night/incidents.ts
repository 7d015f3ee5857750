import { until } from '@darkroom/testkit';
import type { Incident } from './plan.ts';
import type { Night } from './processes.ts';

/** Requests that the store's front end answers itself. Together, producer and workers make them in a second or two. */
const OUTAGE_REQUESTS = 60;
const LOST_ANSWERS = 3;

/** Lets the incidents happen, each at its time. Resolves after the last one. */
export async function runIncidents(night: Night, incidents: readonly Incident[]): Promise<void> {
  for (const incident of incidents) {
    await until(() => night.simulator.book.totals().tasks >= incident.afterTasks, {
      timeout: 60_000,
      what: `${incident.afterTasks} tasks sold, before the incident ${incident.kind}`,
    });
    await runIncident(night, incident);
  }
}

async function runIncident({ store, replaceWorker }: Night, incident: Incident): Promise<void> {
  switch (incident.kind) {
    case 'kill':
      return replaceWorker(incident.worker);
    case 'outage': {
      const { status } = incident;
      const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`;
      const outage = store.fail({}, { status, headers: { 'content-type': 'text/html' }, body });
      await until(() => outage.hits >= OUTAGE_REQUESTS, { what: `${OUTAGE_REQUESTS} requests in an outage` });
      outage.remove();
      return;
    }
    case 'lose-answers':
      store.fail({ method: 'PUT', path: incident.object, times: LOST_ANSWERS }, 'lose-answer');
  }
}
