// What a JSON Schema says of a setting: references followed, alternatives told apart, lists and kinds of tables found.

/** A schema with its references followed, and of several alternatives the one that is meant. */
export function resolved(schema, whole, value) {
  let found = schema;
  while (found.$ref) found = { ...whole.$defs[found.$ref.split("/").pop()], ...found, $ref: undefined };
  const kinds = found.oneOf ?? found.anyOf?.filter((one) => one.type !== "null");
  if (!kinds) return found;
  const all = kinds.flatMap((one) => (one.oneOf ? one.oneOf : [one])).map((one) => ({ ...resolved(one, whole, value) }));
  const isTable = value && typeof value === "object" && !Array.isArray(value);
  const byKind = isTable && all.find((one) => one.properties?.kind && (one.properties.kind.const ?? one.properties.kind.default) === (value.kind ?? "lstm"));
  const chosen = byKind || all.find((one) => fits(one, value)) || all[0];
  return { ...found, ...chosen, anyOf: undefined, oneOf: undefined, description: found.description ?? chosen.description, default: found.default ?? chosen.default, examples: found.examples ?? chosen.examples, alternatives: all };
}

/** Whether two values say the same; what is missing is nothing. */
export const isSame = (a, b) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** Whether a value may be what a schema describes. */
export function fits(schema, value) {
  if (value === undefined || value === null) return false;
  const kind = Array.isArray(value) ? "array" : typeof value;
  return schema.enum?.includes(value) || schema.const === value || (!schema.enum && (schema.type === kind || (kind === "number" && schema.type === "integer")));
}

/** The kinds of table that may stand somewhere, and words such as "auto" instead of them; nothing where there is one. */
export function kindsOf(schema, whole) {
  const found = resolved(schema, whole, {}), all = found.alternatives ?? [];
  const tables = all.filter((one) => one.properties?.kind).map((one) => ({ name: one.properties.kind.const ?? one.properties.kind.default, model: one }));
  return tables.length > 1 ? [...tables, ...all.filter((one) => one.const !== undefined).map((one) => ({ name: one.const, model: null }))] : [];
}

/** The schema of a list's tables; null for what is no list of tables. */
export function itemsOf(schema, whole) {
  if (schema.type !== "array" || !schema.items) return null;
  const found = resolved(schema.items, whole, {});
  return found.properties && !found.alternatives ? found : null;
}

/** What the rows of a list, or of a table with free names, are made of; null for what is neither.
 *
 * `columns` are the fields of a row, `isPlain` is whether a row with the first alone is written as a plain value,
 * `isLoose` whether a list of one such row is. `others` are what may stand there instead of a list. */
export function rowsOf(found, whole) {
  const all = found.alternatives ?? [found];
  const list = all.find((one) => (one.type === "array" && one.items) || (one.type === "object" && one.additionalProperties));
  if (!list) return null;
  if (list.type === "object") return { isMap: true, columns: [{ name: "name", schema: { type: "string" } }, { name: "value", schema: resolved(list.additionalProperties, whole) }], others: [] };
  const item = resolved(list.items, whole, {}), table = (item.alternatives ?? [item]).find((one) => one.properties);
  const plain = (item.alternatives ?? [item]).find((one) => !one.properties);
  const names = table ? Object.entries(table.properties) : [["", item]];
  const columns = names.map(([name, schema]) => ({ name, schema: resolved(schema, whole) }));
  const others = all.filter((one) => one !== list), isLoose = others.some((one) => one.type === "string" && !one.enum) && plain?.type === "string";
  return { isMap: false, columns, isPlain: Boolean(plain), isLoose, others: isLoose ? [] : others };
}
