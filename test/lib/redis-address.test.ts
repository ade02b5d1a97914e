import { describe, expect, it } from 'vitest';
import { parseRedisAddress } from '../../src/lib/redis-address.ts';

describe('an address', () => {
  it.each([
    'redis://127.0.0.1',
    'rediss://redis.test:6380/2',
    'redis://user:p%40ss@[::1]:6379/',
    'redis://redis.test?password=word',
    '/tmp/redis/socket?password=word',
  ])('%s is of one server', (text) => {
    expect(parseRedisAddress(` ${text} `)).toEqual({ kind: 'single', url: text });
  });

  it('of several servers is of one Cluster', () => {
    expect(parseRedisAddress('rediss://:word@a:7000, rediss://b:7000,rediss://c')).toEqual({
      kind: 'cluster',
      urls: ['rediss://:word@a:7000', 'rediss://b:7000', 'rediss://c'],
    });
  });

  it('of sentinels says what they call the master', () => {
    expect(parseRedisAddress('redis+sentinel://a,b.test:1,[fd00::1]:65535,[::1]/My_master-1.a')).toEqual({
      kind: 'sentinel',
      master: 'My_master-1.a',
      database: 0,
      isEncrypted: false,
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b.test', port: 1 },
        { host: 'fd00::1', port: 65_535 },
        { host: '::1', port: 26_379 },
      ],
      serverLogin: {},
      sentinelLogin: {},
    });
  });

  it('of sentinels has a login for the servers and another for themselves', () => {
    const text =
      'rediss+sentinel://us%40er:a:b%2Fc+d@host/master/15?sentinelPassword=e+f%26g&sentinelUsername=h%20i';
    expect(parseRedisAddress(text)).toMatchObject({
      database: 15,
      isEncrypted: true,
      serverLogin: { username: 'us@er', password: 'a:b/c+d' },
      sentinelLogin: { username: 'h i', password: 'e+f&g' },
    });
    expect(parseRedisAddress('redis+sentinel://:word@host/master/')).toMatchObject({
      database: 0,
      serverLogin: { password: 'word' },
      sentinelLogin: {},
    });
  });
});

describe('no address is', () => {
  it.each([
    ['nothing', ''],
    ['a host', 'localhost:6379'],
    ['another scheme', 'http://host'],
    ['a scheme in capitals', 'REDIS://host'],
    ['a scheme and no host', 'redis://'],
    ['a port and no host', 'redis://:6379'],
    ['a login and no host', 'redis://user:word@'],
    ['a port that there is not', 'redis://host:65536'],
    ['a blank', 'redis://a b'],
    ['a database that is no number', 'redis://host/master'],
    ['a fragment, such as half of a password', 'redis://:half#half@host'],
    ['a per cent sign that begins nothing', 'redis://:100%@host'],
    ['a Cluster with a gap', 'redis://a,,redis://b'],
    ['a Cluster with an end missing', 'redis://a,'],
    ['a Cluster of which one node encrypts', 'redis://a,rediss://b'],
    ['a Cluster with a node without a scheme', 'redis://a,b'],
    ['a Cluster with sentinels', 'redis://a,redis+sentinel://b/master'],
    ['sentinels with a Cluster', 'redis+sentinel://a/master,redis://b'],
    ['several lists of sentinels', 'redis+sentinel://a/master,redis+sentinel://b/master'],
    ['sentinels without a master', 'redis+sentinel://a'],
    ['sentinels with an empty name of a master', 'redis+sentinel://a/'],
    ['sentinels with only a database', 'redis+sentinel://a//0'],
    ['a master that has no sentinels', 'redis+sentinel:///master'],
    ['a sentinel without a host', 'redis+sentinel://a,/master'],
    ['a sentinel with only a port', 'redis+sentinel://:26379,a/master'],
    ['a sentinel at port 0', 'redis+sentinel://a:0/master'],
    ['a sentinel at a port that there is not', 'redis+sentinel://a:65536/master'],
    ['a sentinel with a login of its own', 'redis+sentinel://a,:word@b/master'],
    ['a master with a blank in it', 'redis+sentinel://a/the master'],
    ['sentinels with a database that is no number', 'redis+sentinel://a/master/b'],
    ['sentinels and a path', 'redis+sentinel://a/master/0/b'],
    ['sentinels and a user without a password', 'redis+sentinel://user@a/master'],
    ['a sentinel’s user without a password', 'redis+sentinel://a/master?sentinelUsername=b'],
    ['an unknown setting', 'redis+sentinel://a/master?enableOfflineQueue=true'],
    ['a setting twice', 'redis+sentinel://a/master?sentinelPassword=a&sentinelPassword=b'],
    ['a sentinel’s fragment', 'redis+sentinel://a/master#b'],
    ['a sentinel’s per cent sign', 'redis+sentinel://:100%@a/master'],
  ])('%s', (_what, text) => {
    expect(parseRedisAddress(text)).toBeNull();
  });
});
