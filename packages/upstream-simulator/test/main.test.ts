import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function spawnSimulator(...flags: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function readFirstLine(child: ChildProcess): Promise<{ url: string; apiKey: string }> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text.split('\n')[0] ?? '');
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'the command serves requests and exits with 0 on %s',
  async (signal) => {
    const child = spawnSimulator('--json', '--quiet', '--key', 'k', '--fault', 'refuse_content=1');
    const { url, apiKey } = await readFirstLine(child);
    expect(apiKey).toBe('k');
    const response = await fetch(`${url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: '{"prompt":"x"}',
    });
    expect(response.status).toBe(422);
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

test('the command reads the status of an HTML fault as a number', async () => {
  const child = spawnSimulator('--json', '--quiet', '--key', 'k', '--fault', 'html=1,status=409');
  const { url } = await readFirstLine(child);
  const response = await fetch(`${url}/v1/images/generations`, {
    method: 'POST',
    headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    body: '{"prompt":"x"}',
  });
  expect(response.status).toBe(409);
});

test('the command names a wrong option and does not start', async () => {
  const child = spawnSimulator('--fault', 'nonsense=1');
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  expect(text).toContain('nonsense');
});
