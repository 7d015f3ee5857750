import { readFile } from 'node:fs/promises';
import { requires } from '@darkroom/testkit';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { beforeAll, expect, test } from 'vitest';
import { type Described, operationsOf, readDocument } from '../support/contract/document.ts';
import { type Harness, openHarness } from '../support/harness.ts';

requires('redis').describe('the OpenAPI document', () => {
  let harness: Harness;
  let document: Described;

  beforeAll(async () => {
    harness = await openHarness();
    document = await readDocument(harness.url);
  });

  test('Redocly finds no problem in the OpenAPI document', async () => {
    const problems = await lintFromString({
      source: JSON.stringify(document),
      absoluteRef: 'openapi.json',
      config: await createConfig({ extends: ['recommended'] }),
    });
    const faults = problems.map(
      ({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`,
    );
    expect(faults).toEqual([]);
  });

  test('docs/openapi.json is the present OpenAPI document', async () => {
    const kept = JSON.parse(
      await readFile(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8'),
    );
    const present = { ...document, servers: kept.servers };
    expect(differences(kept, present), 'run: pnpm openapi-file').toEqual([]);
  });

  test('the server in the OpenAPI document is the URL of the request', async () => {
    expect(document.servers).toEqual([{ url: harness.url }]);
  });

  test('every operation has a summary, the role it needs and its responses', () => {
    const tags = document.tags.map(({ name }) => name);
    const ids = new Set<string>();
    for (const { path, method, operation } of operationsOf(document)) {
      const where = `${method} ${path}`;
      expect(operation.operationId, where).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
      expect(ids.has(operation.operationId), where).toBe(false);
      ids.add(operation.operationId);
      expect(operation.summary?.length, where).toBeGreaterThan(5);
      expect(
        operation.tags?.filter((tag) => tags.includes(tag)),
        where,
      ).toHaveLength(1);
      expect(Object.keys(operation.responses), where).toEqual(
        expect.arrayContaining([expect.stringMatching(/^2/), expect.stringMatching(/^4/)]),
      );
    }
  });

  test('every JSON request and response has an example', () => {
    const bare: string[] = [];
    for (const { path, method, operation } of operationsOf(document)) {
      const bodies = [['request', operation.requestBody] as const, ...Object.entries(operation.responses)];
      for (const [name, body] of bodies) {
        for (const [type, media] of Object.entries(body?.content ?? {})) {
          if (!/json/.test(type) || media.example !== undefined || media.examples) continue;
          bare.push(`${method} ${path} ${name} ${type}`);
        }
      }
      for (const parameter of operation.parameters ?? []) {
        if (parameter.in !== 'path') continue;
        const shown = parameter.example ?? parameter.schema?.example;
        if (shown === undefined) bare.push(`${method} ${path} parameter ${parameter.name}`);
      }
    }
    expect(bare).toEqual([]);
  });

  test('every schema is described once, and responses allow more fields', () => {
    const { schemas } = document.components;
    expect(Object.keys(schemas).filter((name) => /(Output|Input|\d)$/.test(name))).toEqual([]);
    expect(schemas['Render']).not.toHaveProperty('additionalProperties');
    expect(schemas['RenderRequest']).toHaveProperty('additionalProperties', false);
  });
});

requires('redis').test(
  'the API reference runs only its own scripts and loads nothing from other hosts',
  async () => {
    const harness = await openHarness();
    const response = await fetch(`${harness.url}/reference`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'; script-src 'self' 'sha256-[\w+/=]+';/);
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
    const page = await response.text();
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page).toContain('"telemetry": false');
    const script = await harness.get('/reference/js/scalar.js');
    expect([script.status, script.headers.get('content-type')]).toEqual([
      200,
      'application/javascript; charset=utf-8',
    ]);
  },
);

/** Where two documents differ, by the names on the way there. */
function differences(one: unknown, other: unknown, path = ''): string[] {
  if (typeof one !== 'object' || typeof other !== 'object' || !one || !other) {
    return Object.is(one, other) ? [] : [path];
  }
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].flatMap((key) =>
    differences(
      (one as Record<string, unknown>)[key],
      (other as Record<string, unknown>)[key],
      `${path} > ${key}`,
    ),
  );
}
