// What one plain value is put into: a choice, a box to tick, a number or a text.

import { el, fill } from "/page/dom.js";

/** Returns `input`, `read()` what is there, null for nothing, and `put(value)`. `names` are what it chooses between,
 * `suggested` what else may be written, `more` further attributes. */
export function createInput(schema, value, { names = null, suggested = null, ...more } = {}) {
  const choices = names ?? schema.enum ?? (schema.const !== undefined && !schema.alternatives ? [schema.const] : null);
  if (choices && !schema.alternatives?.some((one) => !one.enum && one.const === undefined)) return choice(choices, value, more);
  if (schema.type === "boolean") {
    const input = el("input", { type: "checkbox", checked: value === true, ...more });
    return { input, read: () => input.checked, put: (now) => { input.checked = now === true; } };
  }
  return text(schema, value, suggested ?? wordsOf(schema), more);
}

function choice(choices, value, more) {
  const input = el("select", more);
  const put = (now) => fill(input, [...new Set([...(choices.includes(now) ? [] : [now ?? ""]), ...choices])].map((one) => el("option", { value: one, selected: one === now }, one)));
  put(value);
  return { input, read: () => input.value, put };
}

/** The words that may stand where anything else may, too. */
const wordsOf = ({ alternatives = [] }) => alternatives.flatMap((one) => one.enum ?? (one.const !== undefined ? [one.const] : []));

const isNumeric = (schema) => schema.type === "number" || schema.type === "integer";

function text(schema, value, suggested, more) {
  const asText = (now) => String(now ?? "");
  const isNumber = isNumeric(schema) && !schema.alternatives?.some((one) => !isNumeric(one));
  const mayBeNumber = isNumeric(schema) || schema.alternatives?.some(isNumeric);
  const example = schema.examples?.[0], hasExample = example !== undefined && typeof example !== "object";
  const size = isNumber ? { inputmode: "decimal", size: 12 } : { className: "grow" };
  const names = suggested.length ? `names-${crypto.getRandomValues(new Uint32Array(1))[0]}` : null;
  const input = el("input", { type: "text", value: asText(value), placeholder: hasExample ? `such as ${example}` : null, list: names, ...size, ...more });
  const read = () => {
    const written = input.value.trim();
    if (isNumber) return number(written);
    if (written === "" && schema.default === null) return null;
    return mayBeNumber && written !== "" && isFinite(Number(written)) ? Number(written) : input.value;
  };
  const put = (now) => { input.defaultValue = input.value = asText(now); };
  return { input, read, put, beside: names && el("datalist", { id: names }, suggested.map((one) => el("option", { value: one }))) };
}

function number(written) {
  if (written === "") return null;
  const value = Number(written.replace(",", "."));
  if (!isFinite(value)) throw new Error("This is no number.");
  return value;
}
