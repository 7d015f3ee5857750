import { readFile } from 'node:fs/promises';
import { requires } from '@darkroom/testkit';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { beforeAll, expect, test } from 'vitest';
import { type Described, operationsOf, readDocument } from '../support/contract/document.ts';
import { type Harness, openHarness } from '../support/harness.ts';

requires('redis').describe('the description of the API', () => {
  let rig: Harness;
  let document: Described;

  beforeAll(async () => {
    rig = await openHarness();
    document = await readDocument(rig.url);
  });

  test('is without a fault in the eyes of Redocly', async () => {
    const problems = await lintFromString({
      source: JSON.stringify(document),
      absoluteRef: 'openapi.json',
      config: await createConfig({ extends: ['recommended'] }),
    });
    const told = problems.map(
      ({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`,
    );
    expect(told).toEqual([]);
  });

  test('is the one that the repository holds', async () => {
    const kept = JSON.parse(
      await readFile(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8'),
    );
    const told = { ...document, servers: kept.servers };
    expect(differences(kept, told), 'run: pnpm openapi-file').toEqual([]);
  });

  test('leads back the way it was asked for', async () => {
    expect(document.servers).toEqual([{ url: rig.url }]);
  });

  test('tells of every operation what it is, what it needs and what it may say', () => {
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

  test('gives an example of everything that is sent and answered as JSON', () => {
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

  test('describes each shape once, and leaves answers room to grow', () => {
    const { schemas } = document.components;
    expect(Object.keys(schemas).filter((name) => /(Output|Input|\d)$/.test(name))).toEqual([]);
    expect(schemas['Render']).not.toHaveProperty('additionalProperties');
    expect(schemas['RenderRequest']).toHaveProperty('additionalProperties', false);
  });
});

requires('redis').test(
  'the reference runs no script but its own, and loads nothing from elsewhere',
  async () => {
    const rig = await openHarness();
    const response = await fetch(`${rig.url}/reference`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/default-src 'none'; script-src 'self' 'sha256-[\w+/=]+';/);
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
    const page = await response.text();
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page).toContain('"telemetry": false');
    const script = await rig.get('/reference/js/scalar.js');
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
