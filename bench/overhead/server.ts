/** One server of the comparison, in a process of its own: `server.ts <role> <upstreams' address>`. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bareServer } from './bare.ts';
import { executeServer, gatewayServer, onionServer } from './layers.ts';
import { startProfile, type TimeByPart } from './profile.ts';
import { recordedUpstreams } from './upstreams.ts';

const LISTENERS: Readonly<Record<string, (upstreams: string) => RequestListener | Promise<RequestListener>>> =
  {
    upstreams: recordedUpstreams,
    bare: bareServer,
    onion: onionServer,
    execute: executeServer,
    gateway: gatewayServer,
  };

const [role = '', upstreams = ''] = process.argv.slice(2);
const listener = await LISTENERS[role]?.(upstreams);
if (listener === undefined) {
  throw new Error(`expected one of ${Object.keys(LISTENERS).join(', ')}, got ${role}`);
}
const server = createServer(listener);
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
let stopProfile: (() => Promise<TimeByPart>) | null = null;
process.on('message', (question: 'cpu' | 'start-profile' | 'stop-profile') => {
  void (async () => {
    if (question === 'start-profile') {
      stopProfile = await startProfile();
    }
    const profile = question === 'stop-profile' ? await stopProfile?.() : undefined;
    const { user, system } = process.cpuUsage();
    process.send?.({ cpuMicros: user + system, profile });
  })();
});
