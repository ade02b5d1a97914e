/**
 * Makes every test file fail in which a secret gets out, whatever the file tests.
 *
 * A secret is: whatever a `Secret` of this process reveals, the sandbox's well-known key pair, the canaries, what a program
 * is started with as one (`known-secrets.ts`), and all that looks like a signed token. Texts of fewer than eight bytes are left
 * out. Each is searched for as it is, URL-encoded, within JSON and XML, in hexadecimal, in base64 at any place, and backwards.
 *
 * Where it must not be:
 * - in what this process prints, and in what its child processes print;
 * - in an HTTP answer, head or body, whoever gives it: a gateway, its metrics, a simulated upstream;
 * - in an HTTP request, which a span that is exported is too, outside of the lines of its head that prove who asks. A
 *   SecretKey is not even there: it signs and never travels;
 * - in a command to a Redis that is not a login, and in what a test's Redis holds when it is closed;
 * - in any other stream: a socket whose language is not known, a pipe;
 * - in a log at its lowest level, which is kept for each gateway that tests start, and in errors that these take for bugs.
 *
 * Not seen: what is compressed; what a child process sends to another; HTTP requests of child processes, but for what
 * `test/support/collector.ts` takes in; what a Redis holds that has a sentinel; an error that a test only catches.
 *
 * What gives out a secret on purpose says so where it does: `letAnswerWithSecrets` of an upstream that gives back what it was
 * sent, `allowLeaks` of anything else. Both end with the test.
 */
import { afterAll, afterEach } from 'vitest';
import { WELL_KNOWN_ACCOUNT } from '../../../src/sandbox/account.ts';
import { inspectBeforeClosing } from '../redis.ts';
import { CANARIES, KIND_OF_CANARY } from './canaries.ts';
import { learnSecret } from './known-secrets.ts';
import { failOnLeaks } from './leaks.ts';
import { lookThroughRedis } from './redis-contents.ts';
import { watchOutput, watchSecrets, watchSockets } from './watch.ts';

Object.entries(KIND_OF_CANARY).forEach(([name, kind]) =>
  learnSecret(CANARIES[name as keyof typeof CANARIES], kind),
);
learnSecret(WELL_KNOWN_ACCOUNT.secretId, 'SecretId');
learnSecret(WELL_KNOWN_ACCOUNT.secretKey, 'SecretKey');
watchSecrets();
watchSockets();
watchOutput();
inspectBeforeClosing(lookThroughRedis);
afterEach(failOnLeaks);
// For what came after the last test, or from hooks.
afterAll(failOnLeaks);
