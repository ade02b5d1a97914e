/** A driver that sends so many requests a second whatever becomes of them, as a crowd does. */
import { Agent, request } from 'undici';

export interface Sent {
  /** Since the driver began. */
  readonly atMs: number;
  readonly tookMs: number;
  /** Null: no answer. */
  readonly status: number | null;
  readonly text: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface OpenLoopOptions {
  readonly url: string;
  readonly perSecond: number;
  readonly lastsMs: number;
  /** The body of the request of this number. */
  readonly bodyOf: (number: number) => string;
  readonly connections?: number;
}

const TICK_MS = 5;

/** Gives what became of each request, in the order in which they were sent. */
export async function openLoop(options: OpenLoopOptions): Promise<Sent[]> {
  const { url, perSecond, lastsMs, bodyOf, connections = 256 } = options;
  const agent = new Agent({ connections, pipelining: 1 });
  const beganAtMs = performance.now();
  const send = async (number: number): Promise<Sent> => {
    const sentAtMs = performance.now();
    const outcome = await request(`${url}/graphql`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bodyOf(number),
    })
      .then(async ({ statusCode, headers, body }) => ({
        status: statusCode,
        text: await body.text(),
        headers,
      }))
      .catch((error: unknown) => ({ status: null, text: String(error), headers: {} }));
    return { atMs: sentAtMs - beganAtMs, tookMs: performance.now() - sentAtMs, ...outcome };
  };
  const sent: Promise<Sent>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = Math.min(performance.now() - beganAtMs, lastsMs);
      while (sent.length < (elapsedMs / 1_000) * perSecond) {
        sent.push(send(sent.length));
      }
      if (elapsedMs >= lastsMs) {
        clearInterval(timer);
        resolve();
      }
    }, TICK_MS);
  });
  const outcomes = await Promise.all(sent);
  await agent.close();
  return outcomes;
}
