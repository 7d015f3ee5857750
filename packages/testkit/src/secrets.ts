import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What no process may ever write (I8): planted secrets, signed URLs, data URIs. */
const forbidden = [
  /planted-secret-[0-9a-f]{8}/,
  /X-Amz-Signature=[0-9a-f]{8}/,
  /data:image\/[a-z]+;base64,\S{16}/,
];

/** A secret to hand to a process under test. The run fails when it turns up in the output of any process. */
export function plantSecret(): string {
  return `planted-secret-${randomBytes(12).toString('hex')}`;
}

/** The first lines of a run's output that hold what must not be there. */
export async function findLeaks(file: string): Promise<string[]> {
  const leaks: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (forbidden.some((pattern) => pattern.test(line))) leaks.push(line.slice(0, 300));
    if (leaks.length === 5) break;
  }
  return leaks;
}
