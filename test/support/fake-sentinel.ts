import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A sentinel that says what a test tells it to. */
export interface FakeSentinel {
  readonly port: number;
  /** Where it says the master is; null: who asks is not answered. */
  masterHost: string;
  masterPort: number | null;
  /** How often it has been asked. */
  readonly asked: number;
  /** How many listen to its announcements. */
  readonly listeners: number;
  /** How many connections there are, whatever for. */
  readonly connections: number;
  /** Answers those too who had to wait, if there is a port now. */
  answerAll(): void;
  /** Tells all who listen of a new master. */
  announce(master: string, port: number): void;
  close(): Promise<void>;
}

const CHANNEL = '+switch-master';

export async function startFakeSentinel(masterPort: number | null): Promise<FakeSentinel> {
  const sockets = new Set<Socket>();
  const listening = new Set<Socket>();
  const waiting: Socket[] = [];
  let asked = 0;
  const answer = (socket: Socket, command: string): void => {
    if (command === 'subscribe') {
      listening.add(socket);
      socket.write(`*3\r\n${bulk('subscribe')}${bulk(CHANNEL)}:1\r\n`);
    } else if (command === 'sentinel') {
      asked += 1;
      waiting.push(socket);
      fake.answerAll();
    } else {
      socket.write('+OK\r\n');
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      listening.delete(socket);
    });
    // Commands are short and come whole.
    socket.on('data', (data) => {
      for (const [, command = ''] of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        answer(socket, command.toLowerCase());
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const fake: FakeSentinel = {
    port: (server.address() as AddressInfo).port,
    masterHost: '127.0.0.1',
    masterPort,
    get asked() {
      return asked;
    },
    get listeners() {
      return listening.size;
    },
    get connections() {
      return sockets.size;
    },
    answerAll: () => {
      if (fake.masterPort !== null) {
        for (const socket of waiting.splice(0)) {
          socket.write(`*2\r\n${bulk(fake.masterHost)}${bulk(`${fake.masterPort}`)}`);
        }
      }
    },
    announce: (master, port) => {
      const message = `${master} 127.0.0.1 1 127.0.0.1 ${port}`;
      for (const socket of listening) {
        socket.write(`*3\r\n${bulk('message')}${bulk(CHANNEL)}${bulk(message)}`);
      }
    },
    close: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
  return fake;
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
