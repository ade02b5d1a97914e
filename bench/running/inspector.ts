/** Looks into a running gateway through the inspector that Node opens for it, so that the gateway itself need know nothing of it. */
import { WebSocket } from 'undici';
import { once } from 'node:events';
import type { GatewayProcess } from './gateways.ts';

export interface Inspector {
  /** The heap after a collection, and how late the event loop has been since the last look. */
  look(): Promise<{ readonly heapMb: number; readonly loopP99Ms: number }>;
  close(): void;
}

/** Keeps a histogram of the event loop's delay in the process, and reads it. It is read before the collection, which stalls the loop. */
const BEGIN = `globalThis.loopDelay = process.getBuiltinModule('node:perf_hooks').monitorEventLoopDelay({ resolution: 10 });
globalThis.loopDelay.enable();`;
const LOOK = `(() => {
  const loopP99Ms = Math.max(globalThis.loopDelay.percentile(99) / 1e6 - 10, 0);
  globalThis.loopDelay.reset();
  globalThis.gc();
  return { heapMb: process.memoryUsage().heapUsed / 2 ** 20, loopP99Ms };
})()`;

/** Of a gateway that was started with `--expose-gc` and `--inspect=127.0.0.1:0`. */
export async function startInspector({ inspectorUrl }: GatewayProcess): Promise<Inspector> {
  const socket = new WebSocket(await inspectorUrl);
  await once(socket, 'open');
  let id = 0;
  const evaluate = async (expression: string): Promise<unknown> => {
    const asked = (id += 1);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const hear = ({ data }: { readonly data: unknown }): void => {
      const message = JSON.parse(String(data)) as { id?: number; result?: { result: { value: unknown } } };
      if (message.id === asked) {
        socket.removeEventListener('message', hear);
        resolve(message.result?.result.value);
      }
    };
    socket.addEventListener('message', hear);
    const params = { expression, returnByValue: true };
    socket.send(JSON.stringify({ id: asked, method: 'Runtime.evaluate', params }));
    return promise;
  };
  await evaluate(BEGIN);
  return {
    look: async () => (await evaluate(LOOK)) as { heapMb: number; loopP99Ms: number },
    close: () => {
      socket.close();
    },
  };
}
