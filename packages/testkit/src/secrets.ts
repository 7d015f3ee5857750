import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What no process may write (I8): planted secrets, signed URLs, data URIs. */
const forbidden = [
  /planted-secret-[0-9a-f]{8}/,
  /X-Amz-Signature=[0-9a-f]{8}/,
  /data:image\/[a-z]+;base64,\S{16}/,
];

/** Creates a secret for a process under test. The run fails if any process writes it. */
export function plantSecret(): string {
  return `planted-secret-${randomBytes(12).toString('hex')}`;
}

/** Finds lines of a run's output that contain a secret. @returns at most five. */
export async function findLeaks(file: string): Promise<string[]> {
  const leaks: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (forbidden.some((pattern) => pattern.test(line))) leaks.push(line.slice(0, 300));
    if (leaks.length === 5) break;
  }
  return leaks;
}
