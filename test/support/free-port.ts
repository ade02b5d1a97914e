import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/** Redis cannot choose one itself, and needs the one 10,000 further on too. */
export async function freePort(): Promise<number> {
  const holder = createServer();
  await once(holder.listen(0, '127.0.0.1'), 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, 'close');
  return port > 55_000 ? freePort() : port;
}
