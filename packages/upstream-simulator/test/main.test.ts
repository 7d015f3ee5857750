import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function start(...flags: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstLine(child: ChildProcess): Promise<{ url: string; apiKey: string }> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return JSON.parse(text.split('\n')[0] ?? '');
}

test.each(['SIGINT', 'SIGTERM'] as const)('the command serves, and ends cleanly on %s', async (signal) => {
  const child = start('--json', '--quiet', '--key', 'k', '--fault', 'refuse_content=1');
  const { url, apiKey } = await firstLine(child);
  expect(apiKey).toBe('k');
  const response = await fetch(`${url}/v1/images/generations`, {
    method: 'POST',
    headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
    body: '{"prompt":"x"}',
  });
  expect(response.status).toBe(422);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a wrong option is named and nothing starts', async () => {
  const child = start('--fault', 'nonsense=1');
  let text = '';
  child.stderr?.on('data', (chunk) => {
    text += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
  expect(text).toContain('nonsense');
});
