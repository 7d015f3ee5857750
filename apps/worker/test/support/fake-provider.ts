import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PollAnswer, Provider, Submission, SubmitAnswer } from '@darkroom/providers';
import type { JobRequest } from '@darkroom/shared/render';
import sharp from 'sharp';

/** Results expire in 2100: a fixture with such a result never ages. */
const EXPIRES_AT = Date.UTC(2100, 0);

/** A provider in this process. It knows every task id: one that it did not sell is answered as completed. */
export interface FakeProvider extends Provider {
  /** Everything that was bought here, also if the answer was `unknown`. */
  readonly purchases: { renderId: string; taskId: string }[];
}

/**
 * Starts a fake provider. The prompt of a request decides what happens to it: `refused` and `unknown` are the answers to
 * its submission, `pending` to its polls. Every other request is completed.
 */
export async function startFakeProvider(): Promise<FakeProvider> {
  const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': image.length }).end(image);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.png`;
  const purchases: FakeProvider['purchases'] = [];
  const requests = new Map<string, JobRequest>();

  const submit = ({ renderId, request }: Submission): SubmitAnswer => {
    if (request.prompt === 'refused') {
      return { kind: 'refused', code: 'content_policy_violation', message: 'refused' };
    }
    const taskId = `task_${renderId.slice(4, 12)}_${purchases.length + 1}`;
    purchases.push({ renderId, taskId });
    requests.set(taskId, request);
    return request.prompt === 'unknown'
      ? { kind: 'unknown', reason: 'the answer was lost' }
      : { kind: 'accepted', taskId };
  };
  const poll = (taskId: string): PollAnswer =>
    requests.get(taskId)?.prompt === 'pending'
      ? { kind: 'pending', status: 'in_progress', isKnownStatus: true, progress: 40 }
      : { kind: 'completed', url, expiresAt: EXPIRES_AT, tookMs: undefined };

  return {
    name: 'toapis',
    resultHosts: ['127.0.0.1'],
    quota: { submitsPerSecond: 1000, pollsPerSecond: 1000 },
    priceMicros: () => 25_000,
    purchases,
    submit: async (submission) => submit(submission),
    poll: async (taskId) => poll(taskId),
    upload: async () => ({ kind: 'uploaded', url }),
    readBalance: async () => ({ kind: 'usable' }),
    prove: async () => ({ kind: 'proven' }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
