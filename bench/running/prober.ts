/**
 * One client among many, in a process of its own, so that what it measures is not the wait in a busy driver: sends a request
 * every so often, and prints what became of each as a line of JSON (`[status, milliseconds]`; status 0: no answer).
 *
 * node bench/running/prober.ts URL BODY LASTS_MS EVERY_MS
 */
import { Agent, request } from 'undici';

const [url = '', body = '', lastsMs = '0', everyMs = '10'] = process.argv.slice(2);
const agent = new Agent({ connections: 64, pipelining: 1 });

async function probe(): Promise<void> {
  const sentAtMs = performance.now();
  const status = await request(`${url}/graphql`, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
    .then(async (answer) => {
      await answer.body.dump();
      return answer.statusCode;
    })
    .catch(() => 0);
  console.log(JSON.stringify([status, performance.now() - sentAtMs]));
}

const timer = setInterval(() => void probe(), Number(everyMs));
setTimeout(() => {
  clearInterval(timer);
}, Number(lastsMs));
