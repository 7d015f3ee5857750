import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  type CatalogueFinishedEvent,
  catalogueFinishedSchema,
  type RenderEvent,
  type RunEvent,
  runEventSchema,
  webhookEventSchema,
} from '@darkroom/api';
import { cleanup } from '@darkroom/testkit';
import { Webhook } from 'standardwebhooks';

/** A received webhook. Its signature was verified by the library that receivers use. */
export interface Received {
  id: string;
  event: RenderEvent;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export type Reaction = (response: ServerResponse, request: IncomingMessage) => void;

/** Asks the sender to wait for an hour: the webhook is not sent again until the test promotes it. */
export const refuse: Reaction = (response) => void response.writeHead(503, { 'retry-after': '3600' }).end();

export interface Receiver {
  readonly port: number;
  readonly url: string;
  readonly received: Received[];
  /** The webhooks about runs. */
  readonly runs: { id: string; event: RunEvent }[];
  /** The webhooks about runs of catalogues. */
  readonly catalogues: { id: string; event: CatalogueFinishedEvent }[];
  /** How many connections it accepted. */
  connections(): number;
  /** Sets how it answers from now on. @default 204 */
  react(reaction: Reaction): void;
  close(): Promise<void>;
}

/** Starts a real webhook receiver. A request that does not verify, or is no event, is answered with 400 and not kept. */
export async function startReceiver(secret: string, port = 0): Promise<Receiver> {
  const received: Received[] = [];
  const runs: Receiver['runs'] = [];
  const catalogues: Receiver['catalogues'] = [];
  let connections = 0;
  let reaction: Reaction = (response) => void response.writeHead(204).end();
  const server = createServer((request, response) => {
    read(request, secret).then(
      (message) => {
        if (message.event.type === 'run.finished') runs.push({ id: message.id, event: message.event });
        else if (message.event.type === 'catalogue.finished')
          catalogues.push({ id: message.id, event: message.event });
        else received.push({ ...message, event: message.event });
        reaction(response, request);
      },
      (error: unknown) => void response.writeHead(400).end(String(error)),
    );
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((done) => server.close(done));
  };
  cleanup(close);
  const address = server.address() as { port: number };
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    received,
    runs,
    catalogues,
    connections: () => connections,
    react: (next) => {
      reaction = next;
    },
    close,
  };
}

async function read(request: IncomingMessage, secret: string) {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const headers = request.headers as Record<string, string>;
  const value = new Webhook(secret).verify(body, headers) as { type?: string };
  const event = parseEvent(value);
  return { id: headers['webhook-id'] ?? '', event, path: request.url ?? '', headers, body };
}

function parseEvent(value: { type?: string }) {
  if (value.type === 'run.finished') return runEventSchema.parse(value);
  if (value.type === 'catalogue.finished') return catalogueFinishedSchema.parse(value);
  return webhookEventSchema.parse(value);
}
