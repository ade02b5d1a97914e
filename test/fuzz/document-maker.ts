import {
  getNamedType,
  getNullableType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Tape } from './tape.ts';
import { STRANGE_TEXTS } from './text-mutations.ts';

/** What is really there to be asked for. */
export interface Known {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
}

export interface MadeRequest {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A query that follows the grammar and the schema: its values are of the right types, mostly, and often real. */
export function makeRequest(tape: Tape, schema: GraphQLSchema, known: Known): MadeRequest {
  return new RequestMaker(tape, schema, known).make();
}

const MAX_LEVELS = 7;
const TIMES = [
  '2022-06-27T07:23:10Z',
  '2022-06-27T15:23:10+08:00',
  '2026-01-01T00:00:00.5Z',
  '0001-01-01T00:00:00Z',
];
const WRONG_TIMES = ['', 'now', '2022-02-30T00:00:00Z', '+275760-09-13T00:00:00Z', '2022-06-27'];
const COUNTS = [1, 2, 3, 20, 500];
const WRONG_COUNTS = [0, -1, 501, 2_147_483_647, -2_147_483_648, 2_147_483_648, 1e21, 1.5];

class RequestMaker {
  readonly #tape: Tape;
  readonly #schema: GraphQLSchema;
  readonly #known: Known;
  readonly #declarations: string[] = [];
  readonly #variables: Record<string, unknown> = {};
  readonly #fragments: string[] = [];

  constructor(tape: Tape, schema: GraphQLSchema, known: Known) {
    this.#tape = tape;
    this.#schema = schema;
    this.#known = known;
  }

  make(): MadeRequest {
    const query = this.#schema.getQueryType();
    if (!query) {
      throw new TypeError('expected a schema with queries');
    }
    const selection = this.#selection(query, 0);
    const name = this.#tape.chance(40) ? ' Made' : '';
    const declared = this.#declarations.length === 0 ? '' : `(${this.#declarations.join(', ')})`;
    const head = name === '' && declared === '' ? '' : `query${name}${declared} `;
    return {
      query: [`${head}${selection}`, ...this.#fragments].join('\n'),
      variables: this.#variables,
    };
  }

  #selection(type: GraphQLOutputType, level: number): string {
    const named = getNamedType(type);
    if (!isCompositeType(named)) {
      return '';
    }
    const parts = [
      this.#selectionPart(named.name, level),
      ...this.#tape.some(4, () => this.#selectionPart(named.name, level)),
    ];
    return `{ ${parts.join(' ')} }`;
  }

  #selectionPart(typeName: string, level: number): string {
    const type = this.#schema.getType(typeName);
    const possible =
      type !== undefined && isCompositeType(type) && !isObjectType(type)
        ? this.#schema.getPossibleTypes(type)
        : [];
    const kind = this.#tape.below(10);
    if (kind >= 8 && level < MAX_LEVELS) {
      const on = possible.length > 0 ? this.#tape.oneOf(possible).name : typeName;
      return kind === 8
        ? `... on ${on}${this.#directive()} ${this.#selectionOf(on, level + 1)}`
        : this.#spread(on, level);
    }
    const fields =
      type !== undefined && 'getFields' in type
        ? (Object.values(type.getFields()) as GraphQLField<unknown, unknown>[])
        : [];
    const shown =
      level < MAX_LEVELS ? fields : fields.filter((field) => !isCompositeType(getNamedType(field.type)));
    if (kind === 7 || shown.length === 0) {
      return '__typename';
    }
    return this.#field(this.#tape.oneOf(shown), level);
  }

  #selectionOf(typeName: string, level: number): string {
    return this.#selection(this.#schema.getType(typeName) as GraphQLOutputType, level);
  }

  #field(field: GraphQLField<unknown, unknown>, level: number): string {
    const alias = this.#tape.chance(15) ? `a${this.#tape.below(4)}: ` : '';
    return `${alias}${field.name}${this.#args(field.args)}${this.#directive()} ${this.#selection(field.type, level + 1)}`;
  }

  #spread(typeName: string, level: number): string {
    const name = `F${this.#fragments.length}`;
    this.#fragments.push('');
    const text = `fragment ${name} on ${typeName} ${this.#selectionOf(typeName, level + 1)}`;
    this.#fragments[Number(name.slice(1))] = text;
    return `...${name}${this.#directive()}`;
  }

  #directive(): string {
    if (!this.#tape.chance(5)) {
      return '';
    }
    const name = this.#tape.oneOf(['include', 'skip']);
    return ` @${name}(if: ${this.#tape.oneOf(['true', 'false'])})`;
  }

  #args(args: readonly GraphQLArgument[]): string {
    const given = args.filter((arg) => isNonNullType(arg.type) || this.#tape.chance(25));
    return given.length === 0
      ? ''
      : `(${given.map((arg) => `${arg.name}: ${this.#given(arg.type)}`).join(', ')})`;
  }

  /** A literal, or a variable that is given. */
  #given(type: GraphQLInputType): string {
    const value = this.#value(type, 0);
    if (!this.#tape.chance(35)) {
      return this.#literal(value, type);
    }
    const name = `v${this.#declarations.length}`;
    this.#declarations.push(`$${name}: ${String(type)}`);
    this.#variables[name] = value;
    return `$${name}`;
  }

  #value(type: GraphQLInputType, level: number): unknown {
    if (!isNonNullType(type) && this.#tape.chance(4)) {
      return null;
    }
    const inner = getNullableType(type);
    if (isListType(inner)) {
      return this.#tape.some(5, () => this.#value(inner.ofType, level + 1));
    }
    if (isEnumType(inner)) {
      return this.#tape.oneOf(inner.getValues()).name;
    }
    if (isInputObjectType(inner)) {
      const fields = Object.values(inner.getFields()).filter(
        (field: GraphQLInputField) => isNonNullType(field.type) || this.#tape.chance(30),
      );
      return Object.fromEntries(fields.map((field) => [field.name, this.#value(field.type, level + 1)]));
    }
    return this.#scalar((inner as { name: string }).name);
  }

  #scalar(name: string): unknown {
    const isStrange = this.#tape.chance(15);
    switch (name) {
      case 'Int':
        return this.#tape.oneOf(isStrange ? WRONG_COUNTS : COUNTS);
      case 'Boolean':
        return this.#tape.chance(50);
      case 'DateTime':
        return this.#tape.oneOf(isStrange ? WRONG_TIMES : TIMES);
      case 'ID':
        return this.#tape.oneOf(isStrange ? STRANGE_TEXTS : this.#known.ids);
      case '_Any':
        return this.#representation();
      default:
        return this.#tape.oneOf(isStrange ? STRANGE_TEXTS : this.#known.texts);
    }
  }

  #representation(): unknown {
    const typeName = this.#tape.oneOf(['CosJob', 'BatchComputeJob', 'CiJob', 'Job', 'Query', '__proto__']);
    const [id, text] = [this.#tape.oneOf(this.#known.ids), (): string => this.#tape.oneOf(this.#known.texts)];
    return this.#tape.oneOf<unknown>([
      { __typename: typeName, id },
      { __typename: typeName, account: 'sandbox', region: text(), jobId: text() },
      { __typename: typeName, account: 'sandbox', bucket: text(), jobId: text() },
      { __typename: typeName },
      { id },
      text(),
      null,
      [{ __typename: typeName, id }],
      { __typename: 7, id: { id } },
    ]);
  }

  /** As the language writes it: names of enum values without quotes, names of members too. */
  #literal(value: unknown, type: GraphQLInputType): string {
    const inner = getNullableType(type);
    if (value === null || value === undefined) {
      return 'null';
    }
    if (Array.isArray(value)) {
      const item = isListType(inner) ? inner.ofType : inner;
      return `[${value.map((each) => this.#literal(each, item)).join(', ')}]`;
    }
    if (typeof value === 'object') {
      const fields = isInputObjectType(inner) ? inner.getFields() : {};
      const members = Object.entries(value).map(
        ([name, each]) => `${name}: ${this.#literal(each, fields[name]?.type ?? inner)}`,
      );
      return `{ ${members.join(', ')} }`;
    }
    return isEnumType(inner) && typeof value === 'string' ? value : JSON.stringify(value);
  }
}
