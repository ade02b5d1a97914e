import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, onTestFinished } from 'vitest';
import { createApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config.ts';
import { documentCaches } from '../../../src/server/limits/document-cache.ts';

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  // What a reference was asked for stays until the turn is over.
  for (let turn = 0; turn < 5; turn += 1) {
    await setImmediate();
    gc();
  }
}

it.each([
  ['is in order', '{ origins { source } }'],
  ['is not', '{ nosuchfield }'],
])('no request is kept with the document that it asked first, one that %s', async (_name, query) => {
  const app = createApp(readConfig({}));
  onTestFinished(() => app.close());
  const ask = async (): Promise<WeakRef<Request>> => {
    const request = new Request('http://gateway/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    await (await app.fetch(request)).text();
    return new WeakRef(request);
  };
  const asked = await ask();
  // The last that was asked may be held by what waits for the next.
  await ask();
  await collectGarbage();
  expect(asked.deref()).toBeUndefined();
});

it('documents are kept up to half a million characters, the shortest ones not for nothing', () => {
  const { documentCache } = documentCaches();
  const document = { kind: 'Document', definitions: [] } as never;
  const texts = Array.from({ length: 20_000 }, (_, index) => `{a${index}}`);
  texts.forEach((text) => documentCache.set(text, document));
  const kept = texts.filter((text) => documentCache.get(text) !== undefined);
  expect(kept.length).toBeGreaterThan(5_000);
  expect(kept.length).toBeLessThan(524_288 / 64);
  expect(kept.at(-1)).toBe(texts.at(-1));
});
