/** Reads the body of each POST and sends the same bytes, and does nothing else: a process of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions, settingsOfChild } from '../cache/children.ts';
import type { GatewayReady, GatewayTold } from '../cache/gateway.ts';
import { readBody } from '../overhead/read-body.ts';

const { answer, type } = (await settingsOfChild()) as { readonly answer: string; readonly type: string };
const bytes = Buffer.from(answer);
const server = createServer((incoming, outgoing) => {
  void readBody(incoming).then(() => {
    outgoing.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes);
  });
});
server.listen(0, '127.0.0.1', () => {
  const ready: GatewayReady = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  answerQuestions(ready, () => {
    const { user, system } = process.cpuUsage();
    return Promise.resolve({ cpuMicros: user + system, profile: null } satisfies GatewayTold);
  });
});
