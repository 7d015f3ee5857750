import { type AddressInfo, createServer } from 'node:net';

/** The port that was asked for, or a free one when somebody has it: a demo should not fail on a busy 3000. */
export async function freePort(host: string, wanted: number): Promise<number> {
  return (await tryPort(host, wanted)) ?? (await tryPort(host, 0)) ?? 0;
}

function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(undefined));
    probe.listen({ host, port }, () => {
      const got = (probe.address() as AddressInfo).port;
      probe.close(() => done(got));
    });
  });
}
