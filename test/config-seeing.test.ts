import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../src/config.ts';

function faultsOf(file: string, environment: Readonly<Record<string, string>> = {}): unknown {
  const text = `accounts:\n  - { name: media, secretId: a, secretKey: b, batchCompute: { regions: [ap-guangzhou] } }\n${file}`;
  try {
    readConfig({ GATEWAY_CONFIG: 'file', ...environment }, () => text);
  } catch (error) {
    return (error as { faults?: unknown }).faults;
  }
  return [];
}

function read(environment: Readonly<Record<string, string>>): Config {
  return readConfig(environment);
}

describe('what is seen of the gateway', () => {
  it('is by default the log and the metrics, and in the sandbox the calls of a request', () => {
    const sandbox = read({});
    expect(sandbox.server).toMatchObject({ metrics: true, metricsPort: null, upstreamTrace: true });
    expect(sandbox.tracing).toMatchObject({ otlpUrl: null, samplePercent: 100 });
    const real = read({
      TENCENTCLOUD_SECRET_ID: 'a',
      TENCENTCLOUD_SECRET_KEY: 'b',
      TENCENTCLOUD_REGION: 'ap-guangzhou',
    });
    expect(real.server.upstreamTrace).toBe(false);
  });

  it('is traced to where the variable says that every program knows', () => {
    const { tracing } = read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' });
    expect(tracing.otlpUrl).toBe('http://collector:4318');
  });

  it.each([
    'collector:4318',
    'ftp://collector',
    'http://user:canary@collector',
    'http://collector?token=canary',
    'http://',
  ])('is not traced to %j', (url) => {
    const faults = faultsOf('', { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    expect(faults).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT: expected the http:\/\/ or https:\/\/ address/),
    ]);
    expect(JSON.stringify(faults)).not.toContain('canary');
  });

  it('has bounds', () => {
    expect(
      faultsOf(
        'tracing: { samplePercent: 101, maxQueuedSpans: 0 }\nserver: { metrics: yes please, metricsPort: 65536 }',
      ),
    ).toHaveLength(4);
  });
});
