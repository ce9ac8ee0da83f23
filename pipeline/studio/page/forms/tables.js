// Tables of settings as fields, lists of tables one under the other, and tables of several kinds: all from the schema.

import { button, el, fill } from "/page/dom.js";
import { itemsOf, kindsOf, resolved } from "/page/forms/schema.js";

const MOST_OPEN = 4;
const ONE = { insert: "Insert", card: "Card", cut: "Cut", song: "Song", caption: "Caption", take: "Take", voice: "Voice" };

/** `whole()` is the schema, `draft()` what is changed, `add(path, name, schema)` makes a field, `changed()` is called when
 * tables come, go or become another kind. */
export function createTables({ whole, draft, add, changed }) {
  let shown = [];
  const open = new Set();

  /** The schema of the table that stands at a path, of the kind that it is. */
  const model = (schema, path) => {
    const now = draft().get(path);
    return typeof now === "string" ? {} : resolved(schema, whole(), now ?? schema.default ?? {});
  };

  /** The fields of a table, and below them the lists that it holds; nothing where none is wanted. */
  function fields(table, path, isWanted = () => true, skip = []) {
    const all = Object.entries(table.properties ?? {}).filter(([name, one]) => !skip.includes(name) && !(name === "kind" && table.alternatives) && isWanted(name, one));
    const plain = all.filter(([, one]) => !itemsOf(one, whole()) && !isTable(one)).map(([name, one]) => add([...path, name], name, { ...one, required: table.required?.includes(name) }));
    const lists = all.filter(([, one]) => itemsOf(one, whole())).map(([name, one]) => list(ONE[name] ? `${ONE[name]}s` : name, one, [...path, name], false));
    return plain.length || lists.length ? [el("div", { className: "fields" }, plain), lists] : null;
  }

  function isTable(schema) {
    const found = resolved(schema, whole(), {});
    return Boolean(found.properties) && !schema.anyOf?.some((kind) => kind.type === "string" || kind.const);
  }

  /** A choice between the kinds of a table, such as those of networks; nothing where there is one. */
  function kinds(schema, path) {
    const all = kindsOf(schema, whole());
    if (!all.length) return null;
    const now = draft().get(path), name = typeof now === "string" ? now : now?.kind ?? all[0].name;
    const choice = el("select", { id: `kind-${path.join("-")}`, onchange: () => choose(all.find((one) => one.name === choice.value), path) }, all.map((one) => el("option", { value: one.name, selected: one.name === name }, one.name)));
    return el("label", { className: "row small muted" }, "Kind", choice);
  }

  /** What both kinds know stays. */
  function choose(kind, path) {
    const now = draft().get(path);
    const kept = Object.entries(typeof now === "object" ? now : {}).filter(([name]) => name !== "kind" && kind.model?.properties[name]);
    draft().set(path, kind.model ? { kind: kind.name, ...Object.fromEntries(kept) } : kind.name);
    changed();
  }

  /** A list of tables: each with its fields, its place, and a way out. */
  function list(words, schema, path, isCard = true) {
    const table = itemsOf(schema, whole()), items = draft().get(path) ?? [], one = ONE[path.at(-1)] ?? "Item";
    const inside = items.map((item, n) => entry(one, table, [...path, n], items.length, items.length <= MOST_OPEN));
    const more = button(`Add ${/^[AIO]/.test(one) ? "an" : "a"} ${one.toLowerCase()}`, () => { open.add(`${[...path, draft().add(path, {})]}`); changed(); }, { icon: "plus", kind: "small" });
    return el(isCard ? "section" : "div", { className: isCard ? "card stack" : "stack inner-list", "aria-label": words },
      el("div", { className: "row apart" }, el(isCard ? "h2" : "h3", {}, words), more),
      (schema.description ?? table.description) && el("p", { className: "small muted" }, schema.description ?? table.description), inside);
  }

  function entry(one, table, path, count, isOpen) {
    const n = path.at(-1), item = draft().get(path);
    const label = item.title || item.name || item.file || item.template || item.text || item.caption || (item.iteration !== undefined ? `iteration ${item.iteration}` : "");
    const fault = el("p", { className: "setting-fault small", role: "alert", hidden: true });
    const body = el("div", { className: "stack" });
    const move = (to) => { draft().move(path, to); changed(); };
    const tools = el("div", { className: "row" },
      count > 1 && button(`Earlier: ${one} ${n + 1}`, () => move(n - 1), { icon: "left", only: true, kind: "quiet small", disabled: n === 0 }),
      count > 1 && button(`Later: ${one} ${n + 1}`, () => move(n + 1), { icon: "right", only: true, kind: "quiet small", disabled: n === count - 1 }),
      button(`Remove ${one.toLowerCase()} ${n + 1}`, () => { draft().remove(path); changed(); }, { icon: "close", only: true, kind: "quiet small" }));
    const show = () => { if (!body.children.length) fill(body, fault, tools, fields(table, path)); };
    const node = el("details", { className: `entry ${draft().isChanged(path) ? "changed" : ""}`, ontoggle: () => { if (node.open) { open.add(`${path}`); show(); } else open.delete(`${path}`); } },
      el("summary", {}, el("strong", {}, `${one} ${n + 1}`), label && el("span", { className: "muted" }, ` ${String(label).slice(0, 60)}`)), body);
    shown.push({ node, path, fault });
    if (isOpen || open.has(`${path}`)) { node.open = true; show(); }
    return node;
  }

  return {
    model, fields, kinds, list,
    shown: () => (shown = shown.filter((one) => one.node.isConnected)),
    /** Mark a table as faulty, and no other. */
    fault(table, words = "") {
      for (const one of shown) {
        one.fault.hidden = one !== table;
        fill(one.fault, one === table && words);
      }
    },
  };
}
