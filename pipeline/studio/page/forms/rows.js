// Lists of plain values or small tables, and tables with free names: rows that are added, removed and moved.

import { button, el, fill } from "/page/dom.js";
import { createInput } from "/page/forms/inputs.js";
import { fits, isSame } from "/page/forms/schema.js";

const isEmpty = (value) => value === null || value === undefined || value === "";

/** Rows of a shape as `rowsOf` finds it. Returns `input`, a group of fields which says "change" when its value does,
 * `read()` the value, null where it is empty, and `put(value)`. */
export function createRows(shape, value, { id, label, suggested }) {
  const body = el("div", { className: "rows" }), one = label.replace(/s$/, "");
  const more = button(`Add ${shape.isMap ? "a line" : "one"}`, () => { add(null); rows.at(-1).cells[0].input.focus(); }, { icon: "plus", kind: "small", "aria-label": `Add to ${label}` });
  const group = el("fieldset", { id, className: "rows-group grow" }, body, more);
  let rows = [];
  const say = () => group.dispatchEvent(new Event("change", { bubbles: true }));

  /** A row's values, a cell each. */
  const parts = (item) => (shape.isMap ? item : shape.columns.map(({ name }, n) => (typeof item === "object" && item !== null ? item[name] : n ? undefined : item)));

  function add(item) {
    const row = { item, cells: shape.columns.map(({ schema }, n) => createInput(schema, parts(item ?? [])[n], { suggested: n ? null : suggested })) };
    const isOne = shape.columns.length === 1;
    const fields = row.cells.map(({ input, beside }, n) => (isOne ? [input, beside] : el("label", { className: "cell" }, el("span", { className: "small muted" }, shape.columns[n].name.replaceAll("_", " ")), input, beside)));
    row.up = button("", () => { const at = rows.indexOf(row); rows.splice(at - 1, 0, ...rows.splice(at, 1)); lay(); say(); (row.up.disabled ? row.cells[0].input : row.up).focus(); }, { icon: "up", only: true, kind: "quiet small" });
    row.out = button("", () => { const at = rows.indexOf(row); rows.splice(at, 1); lay(); say(); (rows[Math.min(at, rows.length - 1)]?.out ?? more).focus(); }, { icon: "close", only: true, kind: "quiet small" });
    row.node = el("div", { className: "rows-row" }, fields, row.up, row.out);
    rows.push(row);
    lay();
  }

  function lay() {
    rows.forEach((row, n) => {
      const name = `${one} ${n + 1}`;
      row.cells.forEach(({ input }, at) => input.setAttribute("aria-label", shape.columns.length === 1 ? name : `${name}, ${shape.columns[at].name.replaceAll("_", " ")}`));
      for (const [node, words] of [[row.up, `Earlier: ${name}`], [row.out, `Remove ${name}`]]) {
        node.title = words;
        node.setAttribute("aria-label", words);
      }
      row.up.disabled = n === 0;
      row.up.hidden = rows.length < 2 || shape.isMap;
    });
    body.replaceChildren(...rows.map((row) => row.node)); // those that stay keep what is written in them
  }

  /** A row's value, the very same while it says the same; undefined while nothing is written in it. */
  function valueOf(row) {
    const now = written(row);
    return isSame(now, row.item) ? row.item ?? undefined : now;
  }

  function written(row) {
    const cells = row.cells.map((cell) => cell.read());
    if (cells.every(isEmpty)) return undefined;
    if (shape.isMap) return cells;
    if (shape.columns[0].name === "" || (shape.isPlain && cells.slice(1).every(isEmpty))) return cells[0];
    return Object.fromEntries(shape.columns.map(({ name }, n) => [name, cells[n]]).filter(([, cell]) => !isEmpty(cell)));
  }

  function read() {
    const items = rows.map(valueOf).filter((item) => item !== undefined);
    if (!items.length) return null;
    if (!shape.isMap) return shape.isLoose && items.length === 1 && typeof items[0] === "string" ? items[0] : items;
    const twice = items.find(([name], n) => items.findIndex((other) => other[0] === name) !== n);
    if (twice) throw new Error(`'${twice[0]}' stands there twice.`);
    return Object.fromEntries(items.map(([name, item]) => [name ?? "", item ?? ""]));
  }

  function put(now) {
    rows = [];
    const items = shape.isMap ? Object.entries(now || {}) : Array.isArray(now) ? now : isEmpty(now) ? [] : [now];
    for (const item of items) add(item);
    lay();
  }

  group.addEventListener("change", ({ target }) => { if (target !== group && "defaultValue" in target) target.defaultValue = target.value; });
  put(value);
  return { input: group, read, put, start: () => add(null) };
}

/** A choice between a list and what may stand instead of it: a word, or one value. */
export function createEither(shape, value, { id, label, suggested }) {
  const modes = [
    ...shape.others.flatMap((one) => one.enum?.map((word) => ({ name: word, fits: (now) => now === word, read: () => word })) ?? [{ name: "one value", schema: one, fits: (now) => fits(one, now) }]),
    { name: "a list", fits: (now) => Array.isArray(now) },
  ];
  const choice = el("select", { "aria-label": `${label}: what it is` }, modes.map(({ name }) => el("option", { value: name }, name)));
  const body = el("div", { className: "grow" }), group = el("fieldset", { id, className: "rows-group grow either" }, choice, body);
  let mode = null, inside = null;

  function open(next, now) {
    mode = next;
    choice.value = mode.name;
    inside = mode.read ? null : mode.schema ? createInput(mode.schema, now, { "aria-label": label, suggested }) : createRows(shape, now, { id: `${id}-list`, label, suggested });
    fill(body, inside?.input, inside?.beside);
  }

  choice.addEventListener("change", (event) => {
    open(modes.find(({ name }) => name === choice.value), null);
    if (!inside) return;
    event.stopPropagation(); // nothing is written there yet
    inside.start?.();
    body.querySelector("input")?.focus();
  });
  const read = () => (inside ? inside.read() : mode.read());
  const put = (now) => open(modes.find((one) => one.fits(now)) ?? modes[0], now);
  put(value);
  return { input: group, read, put };
}
