import { expect, test } from 'vitest';
import { isGoneDocument } from '../../src/store-image/host-error.ts';

const xml = (code: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>x</Message></Error>`;

test.each([
  xml('NoSuchKey'),
  xml('AccessDenied'),
  xml('ExpiredToken'),
  '<Error xmlns="x"><Message>m</Message><Code>NoSuchKey</Code></Error>',
  '{"error":{"code":"not_found","message":"No such file","type":"not_found_error"}}',
  '{"success":false,"message":"expired"}',
])('%s is the own answer of a file host about a file that is gone', (body) => {
  expect(isGoneDocument(body)).toBe(true);
});

test.each([
  '',
  'default backend - 404',
  '<html><body><h1>404 Not Found</h1></body></html>',
  '<html><body><Error><Code>NoSuchKey</Code></Error></body></html>',
  xml('NoSuchBucket'),
  xml('SlowDown'),
  '{"message":"no Route matched with those values"}',
  '{"error":"not found"}',
  '[]',
  'null',
])('%s says nothing about a file', (body) => {
  expect(isGoneDocument(body)).toBe(false);
});
