import { ENDED_REDRIVE_STATUSES, type RedriveResponse } from '@darkroom/api';
import type { Api } from '../../api/index.ts';
import { EXIT, type ExitCode } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';
import { formatItems, formatRedrive } from './redrive-view.ts';

const EVERY_MS = 1_000;
const MAX_ITEMS = 50;

const hasEnded = ({ status }: RedriveResponse) =>
  (ENDED_REDRIVE_STATUSES as readonly string[]).includes(status);

/** Shows the progress of a redrive until it ends or is paused. @returns it, with the renders that did not complete */
export async function followRedrive(api: Api, id: string, host: Host) {
  const display = openProgress(host, { unit: 'renders' });
  let redrive: RedriveResponse;
  try {
    for (;;) {
      redrive = await api.getRedrive(id);
      const { total, remaining, failed, skipped, status } = redrive;
      const notes = [status, failed > 0 ? `${failed} failed` : '', skipped > 0 ? `${skipped} skipped` : ''];
      display.show({ done: total - remaining, total, note: notes.filter(Boolean).join(', ') });
      if (hasEnded(redrive) || status === 'paused') break;
      await host.clock.sleep(EVERY_MS, host.signal);
    }
  } finally {
    display.end();
  }
  return { redrive, text: await describeRedrive(api, redrive, host.clock.now()), exitCode: codeFor(redrive) };
}

/** The redrive, and the reason of each render that failed or was skipped. */
export async function describeRedrive(api: Api, redrive: RedriveResponse, now: number): Promise<string> {
  const { failed, skipped } = redrive;
  const items =
    failed + skipped > 0 ? await api.listRedriveItems(redrive.id, ['failed', 'skipped'], MAX_ITEMS) : [];
  return formatRedrive(redrive, now) + formatItems(items, failed + skipped - items.length);
}

function codeFor({ status }: RedriveResponse): ExitCode {
  switch (status) {
    case 'partial':
      return EXIT.partial;
    case 'canceled':
      return EXIT.canceled;
    case 'stopped':
      return EXIT.refused;
    default:
      return EXIT.ok;
  }
}
