/** A load balancer of the plainest kind: it asks each replica whether it is ready, takes turns among those that are, and never tries again. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

const PROBE_MS = 200;

interface Replica {
  readonly pool: Pool;
  isReady: boolean;
}

export class Balancer {
  readonly #replicas = new Map<string, Replica>();
  readonly #server = createServer((incoming, outgoing) => void this.#forward(incoming, outgoing));
  readonly #probing = setInterval(() => void this.#probeAll(), PROBE_MS);
  #turn = 0;

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    await once(balancer.#server.listen(0, '127.0.0.1'), 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sends requests to a replica as soon as it says that it is ready. */
  async add(url: string): Promise<void> {
    this.#replicas.set(url, { pool: new Pool(url, { connections: 64 }), isReady: false });
    await this.#probeAll();
  }

  async remove(url: string): Promise<void> {
    const replica = this.#replicas.get(url);
    this.#replicas.delete(url);
    await replica?.pool.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#probing);
    this.#server.closeAllConnections();
    this.#server.close();
    await Promise.all([...this.#replicas.values()].map(({ pool }) => pool.destroy()));
  }

  async #probeAll(): Promise<void> {
    await Promise.all(
      [...this.#replicas.values()].map(async (replica) => {
        try {
          const { statusCode, body } = await replica.pool.request({ method: 'GET', path: '/ready' });
          await body.dump();
          replica.isReady = statusCode === 200;
        } catch {
          replica.isReady = false;
        }
      }),
    );
  }

  async #forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const ready = [...this.#replicas.values()].filter(({ isReady }) => isReady);
    const replica = ready[(this.#turn += 1) % ready.length];
    if (replica === undefined) {
      outgoing.writeHead(503).end();
      return;
    }
    try {
      const { method = 'GET', url: path = '/', headers } = incoming;
      const { 'content-type': type = 'application/json' } = headers;
      const answer = await replica.pool.request({
        method,
        path,
        headers: { 'content-type': type },
        body: incoming,
      });
      outgoing.writeHead(answer.statusCode, {
        'content-type': String(answer.headers['content-type']),
        'x-replica-connection': String(answer.headers['connection']),
      });
      answer.body.pipe(outgoing);
      answer.body.on('error', () => outgoing.destroy());
    } catch {
      outgoing.writeHead(502).end();
    }
  }
}
