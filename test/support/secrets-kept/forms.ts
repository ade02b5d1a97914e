/** A text as it may be found again, by the name of the form: as it is, and encoded. Forms that look the same are given once. */
export function formsOf(text: string): Readonly<Record<string, string>> {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((offset) => [`base64 at ${offset}`, base64Within(bytes, offset)] as const);
  const forms = [
    ['raw', text],
    ['urlEncoded', encodeURIComponent(text)],
    ['JSON', JSON.stringify(text).slice(1, -1)],
    ['XML', text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')],
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ...base64,
    ...base64.map(([name, form]) => [`${name}, for URLs`, forUrls(form)] as const),
    ['reversed', text.split('').toReversed().join('')],
  ] as const;
  return Object.fromEntries(
    forms.filter(([, form], index) => forms.findIndex(([, other]) => other === form) === index),
  );
}

/** Base64 of a text that stands anywhere in a longer one: without what its neighbours would change. */
function base64Within(bytes: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replaceAll('=', '');
  return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
}

const forUrls = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_');
