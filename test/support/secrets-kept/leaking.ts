/** Tests that pass but for what they give out; run by `secrets-kept.test.ts` alone, as the suite is. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { WELL_KNOWN_ACCOUNT } from '../../../src/sandbox/account.ts';

const answer = `HTTP/1.1 200 OK\r\n\r\n${WELL_KNOWN_ACCOUNT.secretKey}`;

it('keeps what it knows', () => {
  expect(answer).toContain(WELL_KNOWN_ACCOUNT.secretKey);
});

it('answers with a secret', async () => {
  expect(await statusOfAnswer()).toBe(200);
});

afterAll(async () => {
  await statusOfAnswer();
});

async function statusOfAnswer(): Promise<number> {
  const server = createServer((socket) => socket.end(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { status } = await fetch(`http://127.0.0.1:${port}`);
  server.close();
  return status;
}
