import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSource } from './read-source.ts';
import { readSourceTree, ROOT } from './source-tree.ts';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly files: readonly string[];
}

const manifest = JSON.parse(read('package.json')) as Manifest;
const dockerfile = read('Dockerfile');

describe('package.json', () => {
  it('names as dependencies the packages that src imports, and no others', () => {
    const imported = new Set(
      [...readSourceTree()]
        .flatMap(([path, text]) => readSource(path, text).imports)
        .flatMap(({ address, target }) => (address === null || target !== null ? [] : [address]))
        .filter((address) => !isBuiltin(address))
        .map((address) => address.split('/', address.startsWith('@') ? 2 : 1).join('/')),
    );
    expect([...imported].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  });

  it('gives every version exactly', () => {
    const { dependencies, optionalDependencies, devDependencies } = manifest;
    const versions = Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe('package-lock.json', () => {
  it('says what each package must be, and leaves where it comes from to who installs it', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      readonly packages: Readonly<
        Record<string, { readonly resolved?: string; readonly integrity?: string }>
      >;
    };
    const installed = Object.entries(packages).filter(([path]) => path !== '');
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(installed.filter(([, { integrity }]) => integrity === undefined)).toEqual([]);
  });
});

describe('the image', () => {
  it('runs the Node that the lockfile brings to developers', () => {
    const bases = [...dockerfile.matchAll(/^FROM node:(\S+?)-bookworm-slim/gm)].map(([, version]) => version);
    const brought = new Set(Object.values(manifest.optionalDependencies));
    expect(new Set(bases)).toEqual(brought);
  });

  it('runs as a user that is not root, ends by a signal that reaches Node, and shows its version', () => {
    const { version } = JSON.parse(read('package.json')) as { readonly version: string };
    expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["node", /m);
    expect(dockerfile).toContain(`org.opencontainers.image.version="${version}"`);
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev --omit=optional/m);
  });

  it('is made of files that exist and that .dockerignore lets through', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths]) =>
      (paths ?? '').split(' '),
    );
    const letThrough = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(copied.toSorted()).toEqual(letThrough.toSorted().concat('package.json').toSorted());
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
