/**
 * What may be written at a place in a YAML text, by the JSON Schema of its dialect.
 */
import type { IJsonSchema } from '../client';
import { keyAt, placeAt, type IPlace, type Step } from './place';

export interface ICompletion {
  readonly label: string;
  readonly insert: string;
  readonly kind: 'key' | 'value' | 'task';
  readonly description: string;
}

export interface ICompletions {
  readonly from: number;
  readonly to: number;
  readonly items: readonly ICompletion[];
}

/** What is known of a key. */
export interface IDescription {
  readonly from: number;
  readonly to: number;
  readonly key: string;
  readonly text: string;
  /** As YAML; '' when there is none. */
  readonly byDefault: string;
}

/** What may be written at an offset; `tasks` are those that can be needed. */
export function completionsAt(
  text: string,
  offset: number,
  schema: IJsonSchema,
  tasks: readonly string[]
): ICompletions | null {
  const place = placeAt(text, offset);
  if (place === null) {
    return null;
  }
  const here = follow(schema, place.path);
  const items = [
    ...(place.takesKey ? keys(schema, here, place) : []),
    ...(place.takesValue && !place.hasColon ? values(here, place.path, tasks) : [])
  ];
  if (items.length === 0 && place.takesDash) {
    const entries = follow(schema, [...place.path, null]);
    const first = { ...place, hasColon: false };
    const path = [...place.path, null];
    for (const item of [...keys(schema, entries, first), ...values(entries, path, tasks)]) {
      items.push({ ...item, insert: `- ${item.insert}` });
    }
  }
  return items.length === 0 ? null : { from: place.from, to: place.to, items: unique(items) };
}

/** What the schema says of the key at an offset. */
export function describeAt(text: string, offset: number, schema: IJsonSchema): IDescription | null {
  const found = keyAt(text, offset);
  if (found === null) {
    return null;
  }
  const { name, from, to } = found.key;
  for (const parent of follow(schema, found.path)) {
    const property = ownProperty(parent, name);
    const description = property === undefined ? '' : describe(schema, property);
    if (property !== undefined && description !== '') {
      const byDefault = property.default === undefined ? '' : JSON.stringify(property.default);
      return { from, to, key: name, text: description, byDefault };
    }
  }
  return null;
}

function keys(root: IJsonSchema, here: readonly IJsonSchema[], place: IPlace): ICompletion[] {
  const objects = here.filter(({ properties }) => properties !== undefined);
  // Of several kinds of mapping, those that what is written already can be.
  const fitting = objects.filter(object =>
    [...place.present].every(
      key => ownProperty(object, key) !== undefined || object.additionalProperties !== false
    )
  );
  return (fitting.length > 0 ? fitting : objects).flatMap(object =>
    Object.entries(object.properties ?? {})
      .filter(([key]) => !place.present.has(key))
      .map(([key, property]) => ({
        label: key,
        insert: place.hasColon ? key : takesLine(root, property) ? `${key}: ` : `${key}:`,
        kind: 'key' as const,
        description: describe(root, property)
      }))
  );
}

function values(
  here: readonly IJsonSchema[],
  path: readonly Step[],
  tasks: readonly string[]
): ICompletion[] {
  const said = here.flatMap(each => [
    ...(each.enum ?? []),
    ...(each.const === undefined ? [] : [each.const]),
    ...(each.type === 'boolean' ? [true, false] : [])
  ]);
  const names = path[path.length - 1] === null ? path.slice(0, -1) : path;
  return [
    ...said
      .filter(value => value !== null && typeof value !== 'object')
      .map(value => ({
        label: String(value),
        insert: String(value),
        kind: 'value' as const,
        description: ''
      })),
    ...(here.length > 0 && names[names.length - 1] === 'upstream'
      ? tasks.map(task => ({ label: task, insert: task, kind: 'task' as const, description: '' }))
      : [])
  ];
}

/** The schemas that a value at the end of a way may follow. */
function follow(root: IJsonSchema, path: readonly Step[]): readonly IJsonSchema[] {
  let here = alternatives(root, [root]);
  for (const step of path) {
    here = alternatives(
      root,
      here.flatMap(schema => {
        const next = step === null ? schema.items : entry(schema, step);
        return next === undefined ? [] : [next];
      })
    );
  }
  return here;
}

function entry(schema: IJsonSchema, key: string): IJsonSchema | undefined {
  const { additionalProperties: others } = schema;
  return ownProperty(schema, key) ?? (typeof others === 'object' ? others : undefined);
}

function ownProperty(schema: IJsonSchema, key: string): IJsonSchema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** Without references and choices. */
function alternatives(root: IJsonSchema, schemas: readonly IJsonSchema[]): readonly IJsonSchema[] {
  const seen = new Set<IJsonSchema>();
  const visit = (schema: IJsonSchema | undefined): void => {
    if (schema === undefined || seen.has(schema)) {
      return;
    }
    seen.add(schema);
    visit(referred(root, schema));
    for (const each of [schema.anyOf, schema.oneOf, schema.allOf].flatMap(some => some ?? [])) {
      visit(each);
    }
  };
  schemas.forEach(visit);
  return [...seen];
}

function referred(root: IJsonSchema, schema: IJsonSchema): IJsonSchema | undefined {
  const [, name] = /^#\/definitions\/(.+)$/.exec(schema.$ref ?? '') ?? [];
  return name === undefined ? undefined : root.definitions?.[name];
}

/** Its own description, else that of what it refers to. */
function describe(root: IJsonSchema, schema: IJsonSchema): string {
  return schema.description ?? referred(root, schema)?.description ?? '';
}

/** Can the value stand in the line of its key? Not if it is a mapping or a list and nothing else. */
function takesLine(root: IJsonSchema, schema: IJsonSchema): boolean {
  const placeholder = root.definitions?.placeholder;
  const kinds = alternatives(root, [schema])
    .filter(each => each !== placeholder)
    .flatMap(({ type, enum: some }) => (some === undefined ? (type ?? []) : ['string']));
  return !kinds.some(kind => kind === 'object' || kind === 'array')
    ? true
    : kinds.some(kind => kind !== 'object' && kind !== 'array' && kind !== 'null');
}

function unique(items: readonly ICompletion[]): readonly ICompletion[] {
  return [...new Map(items.map(item => [`${item.kind} ${item.label}`, item])).values()];
}
