import { createServer } from 'node:net';

/** The port that was asked for, or 0 (any) when somebody has it: a demo should not fail on a busy 3000. */
export function freePort(host: string, wanted: number): Promise<number> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(0));
    probe.listen({ host, port: wanted }, () => probe.close(() => done(wanted)));
  });
}
