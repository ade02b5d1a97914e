import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose';

/** As jose demands of the keys that it verifies with (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2_048;

/** For each key of a set, in its order, those of these algorithms that it can verify; none for a key of no use here. */
export async function usableKeys(
  { keys }: JSONWebKeySet,
  algorithms: readonly string[],
): Promise<readonly (readonly string[])[]> {
  return await Promise.all(
    keys.map(async (key) => {
      const fits = await Promise.all(algorithms.map((algorithm) => isUsable(key, algorithm)));
      return algorithms.filter((_algorithm, index) => fits[index]);
    }),
  );
}

async function isUsable(key: JWK, alg: string): Promise<boolean> {
  try {
    const { algorithm } = await createLocalJWKSet({ keys: [key] })({ alg }, { payload: '', signature: '' });
    return !('modulusLength' in algorithm) || Number(algorithm.modulusLength) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}
