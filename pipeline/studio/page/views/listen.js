// Listening: a section's graph with its checkpoints, one take after the other, candidates side by side, one key to choose.

import { attempt, change, latest, live, post } from "/page/api.js";
import { button, count, el, fill, released, sign } from "/page/dom.js";
import { Graph } from "/page/parts/graph.js";
import { gainTo, Player } from "/page/parts/player.js";

const MOST_PLACES = 3, PASSED_MS = 250, FARTHEST = 10; // beyond it a doubt says why

export function createListen() {
  const listed = latest("/api/takes");
  const player = new Player();
  let sections = [], number = 0, at = 0, letter = 0, isRecording = false, stamp = null, graph = null, facts = new Map(), making = null;
  const others = new Map(); // of each section: checkpoints that the film leaves out, as far as they were heard
  const choice = el("select", { "aria-label": "Section", onchange: () => { number = Number(choice.value); at = 0; open(); } });
  const scale = ["linear", "log"].map((one) => button(one === "log" ? "log" : "linear", () => rescale(one), { "aria-pressed": String(one === "linear") }));
  const graphBox = el("div");
  const list = el("ul", { className: "take-list", role: "listbox", "aria-label": "Takes", tabindex: "0" });
  const head = el("h2");
  const about = el("p", { className: "muted small" });
  const star = button("Favourite", () => favour(), { icon: "star", only: true });
  const play = button("Play", () => player.toggle(), { icon: "play", kind: "primary" });
  const recording = button("Recording", () => hearRecording(), { icon: "microphone", title: "The recording, to compare with (R)" });
  const candidates = el("div", { className: "candidates", role: "group", "aria-label": "Candidates" });
  const doubts = el("div", { className: "stack doubts" }), state = el("p", { className: "row small muted", role: "status", hidden: true });
  const all = el("input", { type: "checkbox", onchange: () => { merge(); showList(); show(); } });
  const empty = el("div", { className: "empty card" }, "There are no takes yet. They appear here as soon as a checkpoint has been sampled: ", el("a", { href: "#build" }, "build"), ".");
  const whole = el("div", { className: "stack" },
    el("section", { className: "card stack", "aria-label": "Graph" },
      el("div", { className: "row apart" }, el("div", { className: "row" }, choice, el("div", { className: "legend" }, el("span", {}, "training"), el("span", { className: "of-validation" }, "validation"))),
        el("div", { className: "tools" }, el("div", { className: "segmented", role: "group", "aria-label": "Scale of iterations" }, scale),
          button("Nearer", () => graph.zoom(1 / 1.6), { icon: "plus", only: true, kind: "quiet" }), button("Farther", () => graph.zoom(1.6), { icon: "minus", only: true, kind: "quiet" }),
          button("Earlier", () => graph.pan(-.25), { icon: "left", only: true, kind: "quiet" }), button("Later", () => graph.pan(.25), { icon: "right", only: true, kind: "quiet" }),
          button("All of it", () => graph.zoom(1e9), { icon: "whole", only: true, kind: "quiet" }))), graphBox),
    el("div", { className: "listening" },
      el("section", { className: "card stack", "aria-label": "The take" },
        el("div", { className: "row apart" }, el("div", { "aria-live": "polite" }, head, about), el("div", { className: "row" }, star, recording)),
        player.node,
        el("div", { className: "row apart" },
          el("div", { className: "row" }, button("The take before", () => step(-1), { icon: "back", only: true }), play, button("The next take", () => step(1), { icon: "next", only: true }), player.time)),
        state, candidates, doubts,
        el("p", { className: "small muted keys" }, el("kbd", {}, "←"), " ", el("kbd", {}, "→"), " takes  ", el("kbd", {}, "A"), "–", el("kbd", {}, "H"), " candidates  ", el("kbd", {}, "Enter"), " choose  ",
          el("kbd", {}, "Space"), " play  ", el("kbd", {}, "R"), " recording  ", el("kbd", {}, "S"), " star")),
      el("section", { className: "card stack", "aria-label": "Takes" }, el("label", { className: "check small muted" }, all, "All checkpoints, also those not in the film"), list)));
  const node = el("div", {}, whole, empty);
  player.onmarks = () => showDoubts();
  player.onchange = (isPlaying) => fill(play, sign(isPlaying ? "pause" : "play", !isPlaying), isPlaying ? "Pause" : "Play");

  /** Scroll the list, and nothing else, so that an item is seen. */
  function reveal(item) {
    const [box, own] = [list.getBoundingClientRect(), item.getBoundingClientRect()];
    list.scrollTop += Math.min(0, own.top - box.top) + Math.max(0, own.bottom - box.bottom);
  }

  const takes = () => sections[number]?.takes ?? [];
  const take = () => takes()[at];
  const heard = () => take()?.candidates[letter];
  const chosen = (one) => Math.max(0, one.candidates.findIndex((candidate) => candidate.chosen));

  function rescale(one) {
    scale.forEach((node, n) => node.setAttribute("aria-pressed", String(["linear", "log"][n] === one)));
    Object.assign(graph, { scale: one, window: null, whole: null });
    graph.load();
  }

  function open() {
    graph = new Graph(number, { height: 190, onpick: pick });
    graph.onload = (data) => { facts = new Map(data.checkpoints.map((one) => [one.iteration, one])); if (all.checked) { merge(); showList(); } mark(); showHead(); };
    fill(graphBox, graph.node);
    graph.load();
    merge();
    at = Math.min(at, Math.max(0, takes().length - 1));
    if (take()) letter = chosen(take());
    showList();
    show();
  }

  /** Put those that the film leaves out among the takes: the ones that were heard, or all of them. */
  function merge() {
    const section = sections[number], iteration = take()?.iteration;
    if (!section) return;
    section.listed ??= section.takes;
    const heard = others.get(number) ?? new Map(), more = all.checked ? [...facts.keys()] : [...heard.keys()];
    const left = more.filter((one) => !section.listed.some((other) => other.iteration === one));
    section.takes = [...section.listed, ...left.map((one) => heard.get(one) ?? { iteration: one, left: true, candidates: [{ letter: "", chosen: "", doubts: [] }] })].sort((a, b) => a.iteration - b.iteration);
    at = Math.max(0, section.takes.findIndex((one) => one.iteration === iteration));
  }

  /** A checkpoint of the graph: its take plays, and is made where there is none. */
  function pick(iteration) {
    if (!takes().some((one) => one.iteration === iteration)) {
      const heard = others.get(number) ?? new Map();
      others.set(number, heard.set(iteration, { iteration, left: true, candidates: [{ letter: "", chosen: "", doubts: [] }] }));
      merge();
      showList();
    }
    return go(takes().findIndex((one) => one.iteration === iteration));
  }

  /** Make the take at hand, which is not there yet; it is kept while the studio runs. */
  async function make(one) {
    const section = number;
    await new Promise((done) => setTimeout(done, PASSED_MS)); // keys may only pass by
    if (making === one.iteration || take() !== one || isRecording) return;
    making = one.iteration;
    show();
    await attempt(async () => {
      const made = { ...await post("/api/hear", { section, iteration: one.iteration }), left: one.left };
      const heard = others.get(section) ?? new Map();
      others.set(section, heard.set(one.iteration, made));
      Object.assign(one, made);
    });
    if (making === one.iteration) making = null;
    if (section === number && take() === one && !isRecording && one.candidates.some((candidate) => candidate.sound)) {
      letter = chosen(one);
      showList();
      await hear(letter);
    } else { showList(); show(); }
  }

  function mark() {
    const made = new Map(takes().map((one) => [one.iteration, one]));
    const all = new Set([...facts.keys(), ...made.keys()]);
    graph.marks = [...all].map((iteration) => {
      const one = made.get(iteration);
      const doubt = one?.candidates.some((candidate) => candidate.chosen && candidate.doubts.length);
      return { iteration, made: Boolean(one?.candidates.some((candidate) => candidate.sound)), favourite: one?.favourite, doubt, words: doubt ? "doubts" : one?.candidates.some((candidate) => candidate.sound) ? "" : "a click makes its take" };
    });
    graph.at = take()?.iteration ?? null;
    graph.draw();
  }

  function showList() {
    fill(list, takes().map((one, n) => {
      const main = one.candidates[chosen(one)];
      return el("li", { role: "option", id: `take-${n}`, "aria-selected": String(n === at), onclick: () => go(n) },
        el("span", { className: "number" }, count(one.iteration)), el("span", { className: "small muted grow" }, main?.seconds ? `${main.seconds.toFixed(1)} s` : "not made yet"), one.left && el("span", { className: "chip" }, "not in the film"),
        one.favourite && sign("star", true), one.candidates.length > 1 && el("span", { className: "chip" }, (main?.letter ?? "").toUpperCase() + (main?.chosen === "hand" ? " ✓" : "")),
        main?.doubts.map((doubt) => el("span", { className: "chip warn", title: doubt.line }, doubt.word)));
    }));
  }

  const put = (node, words) => { if (node.textContent !== words) node.textContent = words; }; // what is said again is read again

  function showHead() {
    const one = take(), fact = facts.get(one?.iteration);
    put(head, isRecording ? "The recording" : one ? `Iteration ${count(one.iteration)}` : "");
    const loss = graph?.data?.validation.find((point) => point[0] === one?.iteration)?.[1];
    put(about, isRecording ? "What the network learns from" : [fact && `epoch ${fact.epoch}`, loss !== undefined && `${loss.toFixed(2)} ${graph.data.unit}`].filter(Boolean).join(" · "));
  }

  function show() {
    const one = take();
    showHead();
    if (!one) return;
    star.setAttribute("aria-pressed", String(one.favourite));
    fill(star, sign("star", one.favourite));
    recording.hidden = !sections[number].recording;
    recording.setAttribute("aria-pressed", String(isRecording));
    const several = one.candidates.length > 1;
    state.hidden = making !== one.iteration && !one.left;
    fill(state, making === one.iteration ? "Its take is made…" : one.left ? ["The film leaves it out. ", button("Take it in", () => takeIn(one), { icon: "plus", kind: "small" })] : null);
    fill(candidates, several && one.candidates.map((candidate, n) => el("div", { className: `candidate ${n === letter && !isRecording ? "heard" : ""}` },
      el("button", { type: "button", "aria-pressed": String(n === letter && !isRecording), className: "quiet", onclick: () => hear(n), "aria-label": `Play candidate ${candidate.letter.toUpperCase()}${candidate.chosen ? ", chosen" : ""}` },
        el("strong", {}, candidate.letter.toUpperCase()), el("span", { className: "small muted" }, candidate.distance === null || candidate.distance > FARTHEST ? "" : `distance ${candidate.distance.toFixed(2)}`), candidate.doubts.map((doubt) => el("span", { className: "chip warn" }, doubt.word))),
      candidate.chosen ? el("span", { className: "chip good" }, candidate.chosen === "hand" ? "chosen" : "by the rule") : !one.left && button("Choose", () => choose(n), { kind: "small", "aria-label": `Choose ${candidate.letter.toUpperCase()}` }),
      candidate.chosen === "hand" && button("Back to the rule", () => choose(null), { kind: "small quiet" }))));
    showDoubts();
    [...list.children].forEach((item, n) => item.setAttribute("aria-selected", String(n === at)));
    list.setAttribute("aria-activedescendant", `take-${at}`);
    mark();
  }

  /** What speaks against the take, and where: a click goes there. */
  function showDoubts() {
    const found = isRecording ? [] : heard()?.doubts ?? [], marks = player.outline?.marks ?? [];
    fill(doubts, found.map((doubt) => {
      const places = marks.filter((one) => one.word === doubt.word);
      return el("div", { className: "row small" }, el("span", { className: "chip warn" }, doubt.word), el("span", {}, `${doubt.line}.`),
        places.slice(0, MOST_PLACES).map(({ from_s: from, to_s: to }) => button(`${from.toFixed(2)}–${to.toFixed(2)} s`, () => player.play(from), { icon: "play", kind: "small", "aria-label": `Play where it is ${doubt.word}, from ${from.toFixed(1)} s` })),
        places.length > MOST_PLACES && el("span", { className: "muted" }, `and ${places.length - MOST_PLACES} more`));
    }));
  }

  async function hear(n = letter, plays = true) {
    isRecording = false;
    letter = n;
    const one = heard();
    if (one?.sound) await player.load(one.sound, gainTo(one.level_db, take().candidates.map((candidate) => candidate.level_db)), { plays });
    else player.clear();
    show();
    if (one && !one.sound && plays) await make(take());
  }

  async function hearRecording() {
    isRecording = !isRecording;
    if (!isRecording) return hear();
    show();
    await player.load(sections[number].recording, .8);
  }

  async function go(n, plays = true) {
    if (n < 0 || n >= takes().length) return;
    at = n;
    letter = chosen(take());
    reveal(list.children[n]);
    await hear(letter, plays);
  }

  const takeIn = (one) => attempt(() => change("/api/story", { kind: "add", section: number, iteration: one.iteration }));

  const step = (by) => go(at + by);

  async function choose(n) {
    const iteration = take().iteration;
    await attempt(() => change("/api/choose", { section: number, iteration, number: n === null ? null : n + 1 }));
  }

  async function favour() {
    const one = take();
    if (one) await attempt(() => change("/api/favourite", { section: number, iteration: one.iteration, on: !one.favourite }));
  }

  async function load() {
    const found = await listed();
    await released();
    if (!found) return;
    const first = !sections.length, iteration = take()?.iteration;
    sections = found.sections;
    merge();
    fill(choice, sections.map((one, n) => el("option", { value: n, selected: n === number }, `${n + 1}. ${live.state.sections[n]?.title ?? ""}`)));
    choice.hidden = sections.length < 2;
    const isEmpty = !sections.some((one) => one.takes.length);
    whole.hidden = isEmpty;
    empty.hidden = !isEmpty;
    if (first || !graph) { open(); if (take()) hear(letter, false); return; }
    at = Math.max(0, takes().findIndex((one) => one.iteration === iteration));
    showList();
    show();
  }

  return {
    node,
    update(state) {
      if (stamp === state.stamp) return;
      stamp = state.stamp;
      load();
      graph?.ask();
    },
    leave() { player.clear(); },
    key(event) {
      const { key } = event;
      if (!take()) return false;
      if (key === "ArrowRight" || key === "ArrowDown") step(1);
      else if (key === "ArrowLeft" || key === "ArrowUp") step(-1);
      else if (key === " " && !event.target.matches("button, a")) player.toggle();
      else if (key === "Enter" && !event.target.matches("button, a")) { if (take().candidates.length > 1 && !take().left) choose(letter); }
      else if (key === "r" || key === "R") hearRecording();
      else if (key === "s" || key === "S") favour();
      else if (/^[a-h]$/i.test(key) && take().candidates[key.toLowerCase().charCodeAt(0) - 97]) hear(key.toLowerCase().charCodeAt(0) - 97);
      else return false;
      return true;
    },
  };
}
