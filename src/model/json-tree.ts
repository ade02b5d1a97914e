/** A tree of a vendor's elements as they came: text, children by name, a list where an element repeats. */
export type JsonTree = string | { readonly [name: string]: JsonTree } | readonly JsonTree[];
