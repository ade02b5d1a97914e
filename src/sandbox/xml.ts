/** An element as it is written: its name, and either text or child elements. */
export type XmlElement = readonly [name: string, content: string | readonly XmlElement[]];

/**
 * The vendor's layout (cos-batch.md section 1): LF, one tab per level, no trailing newline, empty elements self-closing,
 * no declaration.
 */
export function writeXml(element: XmlElement, depth = 0): string {
  const [name, content] = element;
  const indent = '\t'.repeat(depth);
  if (content.length === 0) {
    return `${indent}<${name}/>`;
  }
  if (typeof content === 'string') {
    return `${indent}<${name}>${escapeText(content)}</${name}>`;
  }
  const children = content.map((child) => writeXml(child, depth + 1)).join('\n');
  return `${indent}<${name}>\n${children}\n${indent}</${name}>`;
}

/** The element in a list, or nothing when there is no value: an absent element is how the vendor says null. */
export function optional(name: string, value: string | readonly XmlElement[] | null): readonly XmlElement[] {
  return value === null ? [] : [[name, value]];
}

function escapeText(text: string): string {
  // double quotes are escaped in text too: the captures show ETag as &quot;…&quot;
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
