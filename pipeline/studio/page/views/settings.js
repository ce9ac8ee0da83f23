// Every setting of the production file, as a form; a change shows what it costs before it is written.

import { attempt, change, latest, post } from "/page/api.js";
import { about, button, calm, el, errorWords, fill } from "/page/dom.js";
import { field, resolved, showFault } from "/page/views/fields.js";

const PARTS = { corpus: "Corpus", network: "Network", training: "Training", sampling: "Sampling", storyboard: "Storyboard" };
const LISTS = new Set(["section", "insert", "card", "cut", "take", "caption", "run"]);

export function createSettings() {
  const settings = latest("/api/settings");
  let found = null, revision = null, place = "film", pending = new Map(), costAsked = 0;
  const filter = el("input", { type: "search", placeholder: "Find a setting", "aria-label": "Find a setting" });
  const places = el("nav", { className: "places", "aria-label": "Parts of the production" });
  const form = el("div", { className: "stack grow" });
  const cost = el("section", { className: "card stack cost", "aria-label": "What a change costs", "aria-live": "polite" });
  const node = el("div", { className: "columns settings" }, el("div", { className: "stack side" }, filter, places), form, cost);
  filter.addEventListener("input", () => showForm());
  const askCost = calm(150, () => estimate());

  const value = (path) => {
    const kept = pending.get(JSON.stringify(path));
    if (kept) return kept.value ?? undefined;
    return path.reduce((at, step) => at?.[step], found.values);
  };

  function edits() { return [...pending.values()]; }

  function showPlaces() {
    const sections = found.values.section ?? [];
    const all = [["film", "The film"], ["video", "Picture"], ["sound", "Sound"], ...sections.map((one, n) => [`section-${n}`, `${n + 1}. ${one.title ?? ""}`])];
    fill(places, all.map(([key, words]) => el("button", { type: "button", className: "quiet", "aria-pressed": String(key === place), onclick: () => { place = key; filter.value = ""; showPlaces(); showForm(); } }, words)));
  }

  function groups() {
    const { schema } = found;
    const plain = (model, path, skip = new Set()) => Object.entries(model.properties ?? {}).filter(([name, one]) => !skip.has(name) && !LISTS.has(name) && !isTable(one)).map(([name, one]) => [[...path, name], name, { ...one, required: model.required?.includes(name) }]);
    const isTable = (one) => { const model = resolved(one, schema, {}); return Boolean(model.properties) && !one.anyOf?.some((kind) => kind.type === "string" || kind.const); };
    if (place === "film") return [["The film", plain(schema, [])]];
    if (place === "video" || place === "sound") return [[place === "video" ? "Picture" : "Sound", plain(resolved(schema.properties[place], schema), [place])]];
    const number = Number(place.split("-")[1]), section = resolved(schema.properties.section.items, schema), path = ["section", number];
    const parts = Object.entries(PARTS).map(([name, words]) => {
      const now = value([...path, name]);
      if (name === "network" && typeof (now ?? {}) === "string") return [words, [[[...path, name], name, section.properties[name]]]];
      const model = resolved(section.properties[name], schema, now ?? {});
      return [words, plain(model, [...path, name], new Set(["kind"]))];
    });
    return [["Section", plain(section, path, new Set(Object.keys(PARTS)))], ...parts];
  }

  function showForm() {
    const wanted = filter.value.trim().toLowerCase();
    fill(form, groups().map(([words, fields]) => {
      const shown = fields.filter(([, name, one]) => !wanted || `${name} ${name.replaceAll("_", " ")} ${one.description ?? ""}`.toLowerCase().includes(wanted));
      if (!shown.length) return null;
      return el("section", { className: "card" }, el("h2", {}, words), el("div", { className: "fields" }, shown.map(([path, name, one]) => {
        const names = name === "theme" ? found.names.themes : name === "layout" ? found.names.layouts : null;
        const now = value(path);
        const node = field(name, one, found.schema, now, (next) => put(path, next), { names, path });
        if (pending.has(JSON.stringify(path))) node.classList.add("changed");
        return node;
      })));
    }));
    if (!form.children.length) fill(form, el("p", { className: "empty" }, "No setting here is called so."));
  }

  function put(path, next) {
    const key = JSON.stringify(path), before = path.reduce((at, step) => at?.[step], found.values);
    if (JSON.stringify(before ?? null) === JSON.stringify(next)) pending.delete(key);
    else pending.set(key, { path, value: next });
    const focused = document.activeElement?.id;
    showForm();
    document.getElementById(focused)?.focus();
    askCost();
  }

  async function estimate() {
    if (!found) return;
    const asked = ++costAsked;
    for (const one of form.querySelectorAll(".setting")) showFault(one, "");
    const head = pending.size ? el("h2", {}, pending.size === 1 ? "One change, not written yet" : `${pending.size} changes, not written yet`) : el("h2", {}, "As it is");
    const buttons = pending.size > 0 && el("div", { className: "row" }, button("Write", () => write(), { icon: "check", kind: "primary" }), button("Drop", () => { pending.clear(); showForm(); estimate(); }));
    fill(cost, head, buttons, el("p", { className: "muted small" }, "Looking at what is there…"));
    try {
      const now = await post("/api/cost", { edits: edits() });
      if (asked !== costAsked) return;  // a later question has its own answer
      const works = now.works.filter((one) => !one.cut);
      fill(cost, head, now.fault ? el("p", { className: "fault small" }, now.fault) : works.length
        ? [el("p", { className: "small muted" }, pending.size ? "A build would then make:" : "A build would make:"),
          el("ul", { className: "works" }, works.map((one) => el("li", { className: "row apart" }, el("span", {}, el("strong", {}, one.stage), ` ${one.words}`), el("span", { className: "muted small" }, one.seconds ? about(one.seconds) : "")))),
          el("p", {}, "Altogether ", el("strong", {}, about(now.seconds)))]
        : el("p", {}, "Everything is made: nothing would be made anew."), buttons);
    } catch (error) {
      if (asked !== costAsked) return;
      const words = error.error ? errorWords(error.error) : error.message;
      if (!placeFault(error.error)) fill(cost, head, el("p", { className: "fault small" }, words), buttons);
      else fill(cost, head, el("p", { className: "small" }, "A value does not fit: it is marked at its field."), buttons);
    }
  }

  /** Show an error at the field that it names; returns whether there is one. */
  function placeFault(error) {
    if (!error) return false;
    const nodes = [...form.querySelectorAll(".setting")];
    const named = nodes.filter((one) => {
      const path = JSON.parse(one.dataset.path);
      const words = path.reduce((all, step) => (typeof step === "number" ? [...all.slice(0, -1), `${all.at(-1)} ${step + 1}`] : [...all, step]), []).join(".");
      return `${error.where} `.includes(`${words} `) || `${error.where}`.endsWith(words) || `${error.where}`.includes(`${words}:`);
    }).sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
    const node = named ?? (pending.size === 1 ? nodes.find((one) => pending.has(one.dataset.path)) : null);
    if (!node) return false;
    showFault(node, errorWords({ ...error, where: "" }));
    node.scrollIntoView({ block: "nearest" });
    return true;
  }

  async function write() {
    const words = edits().map((one) => one.path.at(-1)).join(", ");
    try {
      const sent = edits();
      pending.clear();
      await change("/api/edit", { edits: sent, words });
    } catch (error) {
      if (!placeFault(error.error)) await attempt(() => Promise.reject(error));
    }
    load();
  }

  async function load() {
    const next = await settings();
    if (!next) return;
    found = next;
    showPlaces();
    showForm();
    estimate();
  }

  return {
    node,
    update(state) {
      if (state.revision === revision) return;
      revision = state.revision;
      load();
    },
  };
}
