/**
 * `npm run example -- relay`: builds and serves an example while one looks at it and changes it, before the gateway of
 * `npm start` or the one that the second argument names.
 */
import { createServer } from 'vite';
import { EXAMPLES, exampleConfig } from './vite.ts';

const [name, gatewayUrl = 'http://127.0.0.1:4000'] = process.argv.slice(2);
const example = EXAMPLES.find((known) => known === name);
if (example === undefined) {
  console.error(`Which one? npm run example -- ${EXAMPLES.join('|')} [the gateway’s address]`);
  process.exit(64);
}
const server = await createServer(exampleConfig(example, gatewayUrl));
await server.listen();
server.printUrls();
console.log(`  asking the gateway at ${gatewayUrl}`);
