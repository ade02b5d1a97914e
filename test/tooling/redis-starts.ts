/** Tells whether the tests of what replicas share can have their Redis: `node test/tooling/redis-starts.ts`, exit 1 if not. */
import { redisBinary } from '../support/redis-binary.ts';
import { startRedis } from '../support/redis.ts';

const { path } = await redisBinary();
const redis = await startRedis();
console.log(`${path} starts.`);
await redis.close();
