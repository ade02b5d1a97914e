/** The upstream, a process of its own: notes when calls arrive, and tells it when asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How long an answer takes. */
const ANSWER_MS = 100;

let calls: { readonly leftAtMs: number; readonly arrivedAtMs: number }[] = [];
const server = createServer((request, response) => {
  const arrivedAtMs = performance.timeOrigin + performance.now();
  calls.push({ leftAtMs: Number(request.headers['x-left-at']), arrivedAtMs });
  request.resume();
  setTimeout(() => {
    response.end('{}');
  }, ANSWER_MS);
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
process.on('message', () => {
  process.send?.({ calls });
  calls = [];
});
process.on('disconnect', () => {
  process.exit();
});
