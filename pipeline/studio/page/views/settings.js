// Every setting of the production file, as a form; a change shows what it costs before it is written.

import { attempt, change, latest, post } from "/page/api.js";
import { about, button, calm, el, errorWords, fill, notice, released } from "/page/dom.js";
import { Draft } from "/page/forms/draft.js";
import { createField } from "/page/forms/fields.js";
import { resolved } from "/page/forms/schema.js";
import { createTables } from "/page/forms/tables.js";

const PARTS = { corpus: "Corpus", network: "Network", training: "Training", sampling: "Sampling", storyboard: "Storyboard", run: "Run of another program" };
const LISTS = { insert: "Inserts", card: "Cards", cut: "Cuts", song: "Songs" };
const FILES = { "insert file": "footage", "section recordings": "sounds", "song melody": "tunes", "song lyrics": "texts", "song translation": "texts", "song backing": "sounds", "song picture": "pictures" };
const OF_SECTION = { caption: "Captions by condition", take: "Takes chosen by hand" };

export function createSettings() {
  const settings = latest("/api/settings");
  let found = null, draft = null, revision = null, place = "film", costAsked = 0, fields = [], isWriting = false, isWritten = false;
  const filter = el("input", { type: "search", placeholder: "Find a setting", "aria-label": "Find a setting" });
  const places = el("nav", { className: "places", "aria-label": "Parts of the production" });
  const form = el("div", { className: "stack grow" });
  const write = button("Write", () => writeAll(), { icon: "check", kind: "primary" });
  const drop = button("Drop", () => { draft = new Draft(found.values); showAll(); });
  const costHead = el("h2"), costButtons = el("div", { className: "row", hidden: true }, write, drop), costs = el("div", { className: "stack", "aria-live": "polite" });
  const cost = el("section", { className: "card stack cost", "aria-label": "What a change costs" }, costHead, costButtons, costs);
  const node = el("div", { className: "columns settings" }, el("div", { className: "stack side" }, filter, places), form, cost);
  filter.addEventListener("input", () => showForm());
  const askCost = calm(150, () => estimate());
  const tables = createTables({ whole: () => found.schema, draft: () => draft, add: field, changed: () => { askCost(); released().then(showAll); } });

  function names(name, path) {
    const { themes, layouts, cards, files } = found.names;
    if (name === "theme") return { names: themes };
    if (name === "layout") return { names: path[0] === "cut" ? [...new Set(["portrait", "square", "landscape", ...layouts])] : layouts };
    if (name === "template" && path[0] === "card") return { names: cards };
    const kind = FILES[`${path[0]} ${name}`], numbers = (draft.values.section ?? []).map((_, n) => n + 1);
    if (kind) return { suggested: files[kind] };
    if (name === "after") return { [path[0] === "card" ? "names" : "suggested"]: ["start", "title", ...numbers.map((n) => `section ${n}`), "comparison", "end"] };
    if (name === "voice" && path[0] === "song") return { suggested: ["section", "recording"].flatMap((what) => numbers.map((n) => `${what} ${n}`)) };
    return {};
  }

  /** A field of the draft, which is remembered for its faults. */
  function field(path, name, schema) {
    const made = createField(name, schema, found.schema, draft.get(path), (next) => put(made, next), { ...names(name, path), path });
    made.show(draft.get(path), draft.isChanged(path));
    fields.push(made);
    return made.node;
  }

  function put(one, next) {
    draft.set(one.path, next);
    one.show(draft.get(one.path), draft.isChanged(one.path));
    one.fault("");
    askCost();
  }

  function showPlaces() {
    const sections = draft.values.section ?? [];
    const all = [["film", "The film"], ["video", "Picture"], ["sound", "Sound"], ...Object.entries(LISTS).map(([key, words]) => [key, `${words}${draft.values[key]?.length ? ` (${draft.values[key].length})` : ""}`]),
      ...sections.map((one, n) => [`section-${n}`, `${n + 1}. ${one.title ?? ""}`])];
    if (!all.some(([key]) => key === place)) place = "film";
    fill(places, all.map(([key, words]) => el("button", { type: "button", className: "quiet", "aria-pressed": String(key === place), onclick: () => { place = key; filter.value = ""; showPlaces(); showForm(); } }, words)));
  }

  const card = (words, inside, more = null) => el("section", { className: "card" }, el("div", { className: "row apart" }, el("h2", {}, words), more), inside);

  /** The cards of one place: tables of fields, and lists of tables. */
  function cards() {
    const { schema } = found;
    if (place === "film") return [card("The film", tables.fields(schema, [], isWanted, ["section", ...Object.keys(LISTS)]))];
    if (place in LISTS) return [tables.list(LISTS[place], schema.properties[place], [place])];
    if (!place.startsWith("section-")) return [card(place === "video" ? "Picture" : "Sound", tables.fields(resolved(schema.properties[place], schema), [place], isWanted))];
    const path = ["section", Number(place.split("-")[1])], section = resolved(schema.properties.section.items, schema, {});
    const parts = Object.entries(PARTS).filter(([name]) => name !== "run" || draft.get([...path, name])).map(([name, words]) => {
      const kinds = tables.kinds(section.properties[name], [...path, name]);
      const inside = tables.fields(tables.model(section.properties[name], [...path, name]), [...path, name], isWanted, Object.keys(OF_SECTION));
      return kinds || inside ? card(words, inside, kinds) : null;
    });
    const lists = Object.entries(OF_SECTION).map(([name, words]) => {
      const inner = draft.get([...path, "storyboard", name]) ? [...path, "storyboard", name] : [...path, name];
      return tables.list(words, section.properties[name], inner);
    });
    const own = tables.fields(section, path, isWanted, [...Object.keys(PARTS), ...Object.keys(OF_SECTION)]);
    return [own && card("Section", own), ...parts, ...(filter.value.trim() ? [] : lists)];
  }

  function isWanted(name, schema) {
    const wanted = filter.value.trim().toLowerCase();
    return !wanted || `${name} ${name.replaceAll("_", " ")} ${schema.description ?? ""}`.toLowerCase().includes(wanted);
  }

  function showForm() {
    fields = [];
    fill(form, cards());
    if (!form.children.length) fill(form, el("p", { className: "empty" }, "No setting here is called so."));
  }

  function showAll() {
    showPlaces();
    showForm();
    estimate();
  }

  function showHead() {
    const count = draft.edits().length;
    costHead.textContent = !count ? "As it is" : count === 1 ? "One change, not written yet" : `${count} changes, not written yet`;
    costButtons.hidden = !count;
  }

  async function estimate() {
    if (!found) return;
    const asked = ++costAsked, edits = draft.edits();
    showHead();
    costs.setAttribute("aria-busy", "true");
    if (!costs.children.length) fill(costs, el("p", { className: "muted small" }, "Looking at what is there…"));
    try {
      const now = await post("/api/cost", { edits });
      await released();
      if (asked !== costAsked) return;  // a later question has its own answer
      costs.removeAttribute("aria-busy");
      for (const one of fields) one.fault("");
      tables.fault(null);
      showCost(now, edits.length > 0);
    } catch (error) {
      if (asked !== costAsked) return;
      costs.removeAttribute("aria-busy");
      const isPlaced = placeFault(error.error, edits);
      fill(costs, el("p", { className: isPlaced ? "small" : "fault small" }, isPlaced ? "A value does not fit: it is marked at its field." : error.error ? errorWords(error.error) : error.message));
    }
  }

  function showCost(now, isChanged) {
    const row = (one) => el("li", { className: "row apart" }, el("span", {}, el("strong", {}, one.stage), ` ${one.words}`), el("span", { className: "muted small" }, one.seconds ? about(one.seconds) : ""));
    const films = [...new Set(now.works.map((one) => one.cut))];
    fill(costs, now.fault ? el("p", { className: "fault small" }, now.fault) : !films.length ? el("p", {}, "Everything is made: nothing would be made anew.") : [
      el("p", { className: "small muted" }, isChanged ? "A build would then make:" : "A build would make:"),
      films.map((cut) => [cut && el("h3", {}, `Cut ${cut}`), el("ul", { className: "works" }, now.works.filter((one) => one.cut === cut).map(row))]),
      el("p", {}, "Altogether ", el("strong", {}, about(now.seconds)))]);
  }

  /** Show an error at the field that it names, or at the table; returns whether there is one. */
  function placeFault(error, edits) {
    if (!error) return false;
    const named = wordsOf(error.where), words = errorWords({ ...error, where: "" });
    const byLength = (ones) => ones.filter((one) => ` ${named} `.includes(` ${inWords(one.path)} `)).sort((a, b) => b.path.length - a.path.length)[0];
    const inserted = edits.length === 1 && edits[0].insert && tables.shown().find((one) => `${one.path}` === `${edits[0].path}`);
    const one = byLength(fields) ?? changedField(named, error.where), table = byLength(tables.shown()) ?? inserted;
    for (const other of fields) if (other !== one) other.fault("");
    tables.fault(one ? null : table, words);
    one?.fault(words);
    (one ?? table)?.node.scrollIntoView({ block: "nearest" });
    return Boolean(one ?? table);
  }

  /** The one field that was changed of those that an error may mean, where it names none: it names what was written. */
  function changedField(named, where = "") {
    const isWritten = ({ path }) => { const now = draft.get(path); return typeof now === "string" && now.length > 2 && (where ?? "").endsWith(now); };
    const written = fields.filter((one) => draft.isChanged(one.path) && isWritten(one));
    if (written.length === 1) return written[0];
    const [, condition, section] = named.match(/(condition of a )?caption in section (\d+)/) ?? [];
    const isMeant = ({ path }) => !section || (path[1] === section - 1 && (condition ? ["when"] : ["text", "caption"]).includes(path.at(-1)));
    const changed = fields.filter((one) => draft.isChanged(one.path) && isMeant(one));
    return changed.length === 1 ? changed[0] : null;
  }

  async function writeAll() {
    if (isWriting) return;
    isWriting = node.inert = true; // until the form is as the file
    const edits = draft.edits(), words = [...new Set(edits.map((one) => one.path.findLast((step) => typeof step === "string")))].join(", ");
    try {
      await change("/api/edit", { edits, words });
      isWritten = true;
    } catch (error) {
      if (!placeFault(error.error, edits)) await attempt(() => Promise.reject(error));
    }
    isWriting = false;
    await load();
    node.inert = false;
  }

  async function load() {
    const next = await settings();
    await released();
    if (!next || isWriting) return;
    const kept = !isWritten && draft?.edits().length ? draft.onto(next.values) : new Draft(next.values);
    if (!kept) notice("The production file was changed by another program: what was not written yet here does not fit it any more.", { bad: true });
    const isOther = !found || JSON.stringify(found.values) !== JSON.stringify(next.values) || isWritten;
    isWritten = false;
    found = next;
    draft = kept ?? new Draft(next.values);
    if (isOther || !kept) showAll();
    else estimate();
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

/** A path as errors have it: `section 1.network.layers`; takes and captions may stand in `storyboard` or above it. */
function inWords(path) {
  const words = path.reduce((all, step) => (typeof step === "number" ? [...all.slice(0, -1), `${all.at(-1)} ${step + 1}`] : [...all, step]), []).join(".");
  return wordsOf(words);
}

const wordsOf = (where) => (where ?? "").replaceAll(".storyboard.take", ".take").replaceAll(".storyboard.caption", ".caption").replaceAll(/[:,]/g, " ");
