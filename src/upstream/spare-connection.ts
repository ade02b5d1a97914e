import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

type Connector = ReturnType<typeof buildConnector>;

export interface SpareConnectionOptions {
  /** Scheme, host and port. */
  readonly endpoint: string;
  /** Over TLS, the name that the peer's certificate must hold. */
  readonly serverName: string;
  readonly connect: Connector;
}

/**
 * A connection of an undici pool that is made before a call needs it, and the only kind that the pool gets: a call that
 * finds none fails instead of leaving late, for making a connection takes long enough to bring calls together that left
 * apart (reliability T2).
 */
export class SpareConnection {
  readonly #options: SpareConnectionOptions;
  #socket: Socket | null = null;
  #making: Promise<void> | null = null;

  constructor(options: SpareConnectionOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#socket !== null;
  }

  /** Makes the connection; who comes meanwhile waits for the same. Rejects with Node's or undici's error. */
  async make(): Promise<void> {
    if (this.isReady) {
      return;
    }
    this.#making ??= this.#make().finally(() => {
      this.#making = null;
    });
    await this.#making;
  }

  /** What the pool connects by. */
  readonly connector: Connector = (_options, callback) => {
    const socket = this.#take();
    // Never within the pool's own call: it does not expect that.
    queueMicrotask(() => {
      if (socket === null) {
        callback(new ConnectionNotReadyError(), null);
      } else {
        callback(null, socket);
      }
    });
  };

  close(): void {
    this.#socket?.destroy();
  }

  #take(): Socket | null {
    const socket = this.#socket;
    this.#forget();
    return socket;
  }

  async #make(): Promise<void> {
    const socket = await this.#connect();
    this.#socket = socket;
    socket.once('close', this.#forget).once('end', this.#end).once('error', this.#end);
  }

  /** Stops listening, so that whoever has taken the socket is alone with it. */
  readonly #forget = (): void => {
    this.#socket?.off('close', this.#forget).off('end', this.#end).off('error', this.#end);
    this.#socket = null;
  };

  readonly #end = (): void => {
    this.#socket?.destroy();
    this.#forget();
  };

  async #connect(): Promise<Socket> {
    const { endpoint, serverName, connect } = this.#options;
    const { protocol, hostname, host, port } = new URL(endpoint);
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    connect(
      { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), host, port, servername: serverName },
      (error, socket) => {
        if (error === null) {
          resolve(socket);
        } else {
          reject(error);
        }
      },
    );
    return await promise;
  }
}

/** A call met a connection that was lost just before. Nothing was sent. */
class ConnectionNotReadyError extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the connection was lost before the call could leave');
    this.name = 'ConnectionNotReadyError';
  }
}
