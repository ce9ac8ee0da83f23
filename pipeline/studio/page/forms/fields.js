// Fields of a form out of a JSON Schema: what may stand there, its unit, its default, and what it means.

import { button, el, fill, isWritten } from "/page/dom.js";
import { createInput } from "/page/forms/inputs.js";
import { createEither, createRows } from "/page/forms/rows.js";
import { isSame, resolved, rowsOf } from "/page/forms/schema.js";

const UNITS = [["_hz", "Hz"], ["_ms", "ms"], ["_kbit_per_s", "kbit/s"], ["_dbfs", "dBFS"], ["_dbtp", "dBTP"], ["_lufs", "LUFS"], ["_db", "dB"], ["_bits", "bits/byte"],
  ["minutes", "min"], ["seconds", "s"], ["_s", "s"], ["frame_rate", "frames/s"], ["width", "pixels"], ["height", "pixels"]];

const unitOf = (name) => UNITS.filter(([end]) => name.endsWith(end)).sort((a, b) => b[0].length - a[0].length)[0]?.[1] ?? "";

/** A field with its words: `show(value, isChanged)` puts a value into it, `fault(words)` marks it. `save(value)` gets what
 * is put in, null to go back to the default. `names` are what it chooses between, `suggested` what else may be written. */
export function createField(name, schema, whole, value, save, { names = null, suggested = null, path = [] } = {}) {
  const found = resolved(schema, whole, value), shape = names ? null : rowsOf(found, whole);
  const unit = unitOf(name), id = `field-${path.join("-")}`, label = name.replaceAll("_", " ");
  const make = !shape ? createInput : shape.others.length ? createEither : createRows;
  const { input, read, put, beside } = make(shape ?? found, value ?? found.default ?? "", shape ? { id, label, suggested } : { id, names, suggested });
  const back = button("Back to the default", () => save(null), { icon: "undo", only: true, kind: "quiet small", "aria-label": `Back to the default: ${label}` });
  const place = el("p", { className: "setting-fault small", role: "alert", hidden: true });
  const head = [label, unit && !name.endsWith(unit) && el("span", { className: "muted small" }, ` (${unit})`)];
  const node = el("div", { className: shape ? "setting wide" : "setting" },
    shape ? el("span", { className: "label", id: `${id}-label` }, head) : el("label", { htmlFor: id }, head),
    el("div", { className: "row setting-value" }, input, beside, back),
    el("p", { className: "small muted", id: `${id}-words` }, found.description ?? "", bounds(found)), place);
  input.setAttribute("aria-describedby", `${id}-words`);
  if (shape) input.setAttribute("aria-labelledby", `${id}-label`);
  const field = {
    node, path,
    show(now, isChanged) {
      node.classList.toggle("is-set", now !== undefined);
      node.classList.toggle("changed", isChanged);
      back.hidden = now === undefined || Boolean(schema.required);
      if (!isWritten(node) && !holds(now ?? found.default)) put(now ?? found.default ?? "");
    },
    fault(words) {
      if (place.textContent === words) return;
      place.hidden = !words;
      fill(place, words);
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };

  /** Whether it says so already: rows that are begun stay. */
  function holds(now) {
    try {
      const said = read();
      return Boolean(shape) && isSame(said, Array.isArray(now) && !now.length ? null : now);
    } catch {
      return false;
    }
  }

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
