// Fields of a form out of a JSON Schema: what may stand there, its unit, its default, and what it means.

import { button, el, fill, isWritten } from "/page/dom.js";

const UNITS = [["_hz", "Hz"], ["_ms", "ms"], ["_kbit_per_s", "kbit/s"], ["_dbfs", "dBFS"], ["_dbtp", "dBTP"], ["_lufs", "LUFS"], ["_db", "dB"], ["_bits", "bits/byte"],
  ["minutes", "min"], ["seconds", "s"], ["_s", "s"], ["frame_rate", "frames/s"], ["width", "pixels"], ["height", "pixels"]];

const unitOf = (name) => UNITS.filter(([end]) => name.endsWith(end)).sort((a, b) => b[0].length - a[0].length)[0]?.[1] ?? "";

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

function fits(schema, value) {
  if (value === undefined || value === null) return false;
  const kind = Array.isArray(value) ? "array" : typeof value === "object" ? "object" : typeof value === "number" ? "number" : typeof value;
  return schema.type === kind || (kind === "number" && schema.type === "integer") || schema.const === value || schema.enum?.includes(value);
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

/** A field with its words: `show(value, isChanged)` puts a value into it, `fault(words)` marks it. `save(value)` gets what
 * is put in, null to go back to the default. `names` are what it chooses between, `suggested` what else may be written. */
export function createField(name, schema, whole, value, save, { names = null, suggested = null, path = [] } = {}) {
  const found = resolved(schema, whole, value);
  const unit = unitOf(name), id = `field-${path.join("-")}`;
  const { input, read, put } = widget(found, value ?? found.default ?? "", { names, suggested }, id);
  const back = button("Back to the default", () => save(null), { icon: "undo", only: true, kind: "quiet small" });
  const place = el("p", { className: "setting-fault small", role: "alert", hidden: true });
  const node = el("div", { className: "setting" },
    el("label", { htmlFor: id }, name.replaceAll("_", " "), unit && !name.endsWith(unit) && el("span", { className: "muted small" }, ` (${unit})`)),
    el("div", { className: "row setting-value" }, input, suggested && el("datalist", { id: `${id}-names` }, suggested.map((one) => el("option", { value: one }))), back),
    el("p", { className: "small muted", id: `${id}-words` }, found.description ?? "", bounds(found)), place);
  input.setAttribute("aria-describedby", `${id}-words`);
  const field = {
    node, path,
    show(now, isChanged) {
      node.classList.toggle("is-set", now !== undefined);
      node.classList.toggle("changed", isChanged);
      back.hidden = now === undefined || Boolean(schema.required);
      if (!isWritten(node)) put(now ?? found.default ?? "");
    },
    fault(words) {
      if (place.textContent === words) return;
      place.hidden = !words;
      fill(place, words);
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
  input.addEventListener("change", () => {
    try {
      const next = read();
      if ("defaultValue" in input) input.defaultValue = input.value; // it is taken in: nobody writes in it any more
      save(next);
    } catch (error) {
      field.fault(error.message);
    }
  });
  return field;
}

function bounds(found) {
  const least = found.minimum ?? found.exclusiveMinimum, most = found.maximum ?? found.exclusiveMaximum;
  if (least === undefined && most === undefined) return "";
  const words = [least !== undefined && `from ${found.exclusiveMinimum !== undefined ? "above " : ""}${least}`, most !== undefined && most < 1e12 && `to ${most}`].filter(Boolean).join(" ");
  return words ? ` (${words})` : "";
}

/** What a value is put into: `input`, `read()` what is there, `put(value)`. */
function widget(found, value, { names, suggested }, id) {
  const choices = names ?? found.enum ?? (found.const !== undefined ? [found.const] : null);
  if (choices) {
    const input = el("select", { id });
    const put = (now) => fill(input, [...new Set([...(choices.includes(now) ? [] : [now]), ...choices])].map((one) => el("option", { value: one, selected: one === now }, one)));
    put(value);
    return { input, read: () => input.value, put };
  }
  if (found.type === "boolean") {
    const input = el("input", { id, type: "checkbox", checked: value === true });
    return { input, read: () => input.checked, put: (now) => { input.checked = now === true; } };
  }
  const isList = found.type === "array" || found.type === "object";
  const isNumber = (found.type === "number" || found.type === "integer") && !(typeof value === "string" && found.alternatives?.some((one) => one.type === "string" || one.const || one.enum));
  const asText = (now) => (isList && now !== "" ? JSON.stringify(now) : String(now ?? ""));
  const example = found.examples?.[0];
  const more = isNumber ? { inputmode: "decimal", size: 12 } : { className: "grow", spellcheck: isList ? "false" : null };
  const input = el("input", { id, type: "text", value: asText(value), placeholder: example === undefined ? (isList ? "a list, such as [1, 2]" : "") : `such as ${isList ? JSON.stringify(example) : example}`, list: suggested ? `${id}-names` : null, ...more });
  const put = (now) => { input.defaultValue = input.value = asText(now); };
  const mayBeNumber = found.alternatives?.some((one) => one.type === "number" || one.type === "integer");
  const read = () => {
    const text = input.value.trim();
    if (isNumber) return number(text);
    if (isList) return text === "" ? null : listed(text);
    if (text === "" && found.default === null) return null;
    return mayBeNumber && text !== "" && isFinite(Number(text)) ? Number(text) : input.value;
  };
  return { input, read, put };
}

function listed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('Write it as JSON, such as ["a", "b"] or {"a": 1}.');
  }
}

function number(text) {
  if (text.trim() === "") return null;
  const value = Number(text.trim().replace(",", "."));
  if (!isFinite(value)) throw new Error("This is no number.");
  return value;
}
