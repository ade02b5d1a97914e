import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createHttp } from '../../src/upstream/http.ts';
import type { UpstreamResponse } from '../../src/upstream/send.ts';
import { aRequest, aScope, COS_ORIGIN, listen, rawServer, upstreamErrorOf } from './support.ts';
import type { TestServer } from './support.ts';
import { TLS_CERTIFICATE, TLS_HOST, TLS_KEY } from './tls-fixture.ts';

function tlsServer(): Promise<TestServer> {
  const server = createServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
  });
  return listen(server, 'https');
}

function fetchFrom(endpoint: string, host: string): Promise<UpstreamResponse> {
  const http = createHttp({
    origin: COS_ORIGIN,
    endpoint,
    clock: systemClock,
    limits: { connectTimeoutMs: 1_000, maxBodyBytes: 1_000, connections: 1 },
  });
  onTestFinished(() => http.close());
  return http.send(aRequest({ headers: { host } }), aScope());
}

/** Trusts the tests' certificate until the end of the test. */
function trustTheCertificate(): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([TLS_CERTIFICATE]);
  onTestFinished(() => {
    setDefaultCACertificates(before);
  });
}

const UNTRUSTED = { code: 'UPSTREAM_UNAVAILABLE', retryable: false };

it('checks the certificate against the host that is asked for, not against the address', async () => {
  trustTheCertificate();
  const { endpoint } = await tlsServer();
  expect((await fetchFrom(endpoint, TLS_HOST)).body).toBe('ok');
  expect(await upstreamErrorOf(fetchFrom(endpoint, 'other.test'))).toMatchObject(UNTRUSTED);
});

it('refuses an unknown certificate, and does not try again', async () => {
  const { endpoint } = await tlsServer();
  expect(await upstreamErrorOf(fetchFrom(endpoint, TLS_HOST))).toMatchObject(UNTRUSTED);
});

it('refuses it also where the environment says to accept anything', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const { endpoint } = await tlsServer();
  expect(await upstreamErrorOf(fetchFrom(endpoint, TLS_HOST))).toMatchObject(UNTRUSTED);
});

it('refuses a server that does not speak TLS', async () => {
  const { endpoint } = await rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  const error = await upstreamErrorOf(fetchFrom(endpoint.replace('http:', 'https:'), TLS_HOST));
  expect(error).toMatchObject(UNTRUSTED);
});
