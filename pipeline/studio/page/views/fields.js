// Fields of a form out of a JSON Schema: what may stand there, its unit, its default, and what it means.

import { button, el, fill } from "/page/dom.js";

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

/** One field with its words. `save(value)` gets the new value, null to go back to the default. */
export function field(name, schema, whole, value, save, { names = null, path = [] } = {}) {
  const found = resolved(schema, whole, value);
  const unit = unitOf(name), id = `field-${path.join("-")}`;
  const isSet = value !== undefined;
  const shown = isSet ? value : found.default ?? "";
  const { input, read } = widget(found, shown, names, id);
  const node = el("div", { className: `setting ${isSet ? "is-set" : ""}` },
    el("label", { htmlFor: id }, name.replaceAll("_", " "), unit && !name.endsWith(unit) && el("span", { className: "muted small" }, ` (${unit})`)),
    el("div", { className: "row setting-value" }, input, isSet && !found.required && button("Back to the default", () => save(null), { icon: "undo", only: true, kind: "quiet small" })),
    el("p", { className: "small muted", id: `${id}-words` }, found.description ?? "", bounds(found)),
    el("p", { className: "setting-fault small", role: "alert", hidden: true }));
  node.dataset.path = JSON.stringify(path);
  input.setAttribute("aria-describedby", `${id}-words`);
  input.addEventListener("change", () => {
    try {
      save(read());
    } catch (error) {
      showFault(node, error.message);
    }
  });
  return node;
}

export function showFault(node, words) {
  const place = node.querySelector(".setting-fault");
  place.hidden = !words;
  fill(place, words);
  const input = node.querySelector("input, select, textarea");
  if (words) input?.setAttribute("aria-invalid", "true");
  else input?.removeAttribute("aria-invalid");
}

function bounds(found) {
  const least = found.minimum ?? found.exclusiveMinimum, most = found.maximum ?? found.exclusiveMaximum;
  if (least === undefined && most === undefined) return "";
  const words = [least !== undefined && `from ${found.exclusiveMinimum !== undefined ? "above " : ""}${least}`, most !== undefined && most < 1e12 && `to ${most}`].filter(Boolean).join(" ");
  return words ? ` (${words})` : "";
}

function widget(found, value, names, id) {
  const choices = names ?? found.enum ?? (found.const !== undefined ? [found.const] : null);
  if (choices) {
    const input = el("select", { id }, [...new Set([...(choices.includes(value) || value === "" ? [] : [value]), ...choices])].map((one) => el("option", { value: one, selected: one === value }, one)));
    return { input, read: () => input.value };
  }
  if (found.type === "boolean") {
    const input = el("input", { id, type: "checkbox", checked: value === true });
    return { input, read: () => input.checked };
  }
  const isText = typeof value === "string" && found.alternatives?.some((one) => one.type === "string" || one.const || one.enum);
  if ((found.type === "number" || found.type === "integer") && !isText) {
    const input = el("input", { id, type: "text", inputmode: "decimal", value: value === null ? "" : String(value), placeholder: found.examples ? `such as ${found.examples[0]}` : "", size: 12 });
    return { input, read: () => number(input.value) };
  }
  if (found.type === "array" || found.type === "object") {
    const input = el("input", { id, type: "text", value: value === "" ? "" : JSON.stringify(value), placeholder: found.examples ? JSON.stringify(found.examples[0]) : "a list, such as [1, 2]", spellcheck: "false", className: "grow" });
    return { input, read: () => { if (!input.value.trim()) return null; try { return JSON.parse(input.value); } catch { throw new Error('Write it as JSON, such as ["a", "b"] or {"a": 1}.'); } } };
  }
  const input = el("input", { id, type: "text", value: String(value ?? ""), placeholder: found.examples ? String(found.examples[0]) : "", className: "grow" });
  return { input, read: () => (found.alternatives?.some((one) => one.type === "number" || one.type === "integer") && input.value.trim() !== "" && isFinite(Number(input.value)) ? Number(input.value) : input.value) };
}

function number(text) {
  if (text.trim() === "") return null;
  const value = Number(text.trim().replace(",", "."));
  if (!isFinite(value)) throw new Error("This is no number.");
  return value;
}
