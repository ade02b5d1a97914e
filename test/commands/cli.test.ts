import { describe, expect, it } from 'vitest';
import { cli, run } from './support.ts';

describe('the command line', () => {
  it.each([['--help'], ['-h'], ['help']])('tells of all commands when asked: %s', async (argument) => {
    const { code, stdout: out, stderr: error } = await cli([argument]);
    expect([code, error]).toEqual([0, '']);
    ['serve', 'sandbox', 'check', 'schema'].forEach((name) =>
      expect(out).toMatch(new RegExp(`^ +${name} `, 'm')),
    );
  });

  it.each([
    ['serve', 'GATEWAY_CONFIG'],
    ['sandbox', '--unlimited'],
    ['check', '--offline'],
    ['schema', '--write'],
  ])('tells of %s when asked, and does not run it', async (name, word) => {
    for (const option of ['--help', '-h']) {
      const { code, stdout: out, stderr: error } = await cli([name, option]);
      expect([code, error]).toEqual([0, '']);
      expect(out).toMatch(new RegExp(`^jobs-gateway ${name}`));
      expect(out).toContain(word);
    }
  });

  it('prints its usage as an error when nothing is asked', async () => {
    const { code, stdout: out, stderr: error } = await cli([]);
    expect([code, out]).toEqual([64, '']);
    expect(error).toContain('jobs-gateway <command>');
  });

  it.each(['deploy', '__proto__', 'constructor', 'toString', '--version', ''])(
    'does not know the command %j',
    async (name) => {
      const { code, stdout: out, stderr: error } = await cli([name]);
      expect([code, out]).toEqual([64, '']);
      expect(error).toContain('jobs-gateway <command>');
    },
  );

  it.each([
    ['sandbox', '--fast'],
    ['check', '--online'],
    ['check', 'extra'],
    ['check', '--offline=maybe'],
    ['schema', '--print'],
    ['serve', '--port=1'],
    ['serve', 'extra'],
  ])('does not know %s %s, and says what there is', async (name, option) => {
    const { code, stdout: out, stderr: error } = await cli([name, option]);
    expect([code, out]).toEqual([64, '']);
    expect(error).toContain(`jobs-gateway ${name}`);
  });

  it('is what the binary runs, exit code and streams included', async () => {
    const [help, unknown] = await Promise.all([run(['check', '--help']), run(['deploy'])]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('jobs-gateway check');
    expect(unknown).toMatchObject({ code: 64, stdout: '' });
    expect(unknown.stderr).toContain('Unknown command "deploy".');
  });
});
