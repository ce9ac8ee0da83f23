// Live: the stages and how long they take, each training's curves as they grow, takes as soon as they are there.

import { attempt, latest, live, post } from "/page/api.js";
import { about, button, clock, count, el, faultBox, fill, released, say } from "/page/dom.js";
import { Graph } from "/page/parts/graph.js";
import { Player } from "/page/parts/player.js";

const STAGES = {
  prepare: "Recordings become bytes to learn from", train: "Networks learn", sample: "Checkpoints generate takes",
  storyboard: "Takes and losses become a timeline", cards: "Cards are drawn", render: "Pictures become video", compose: "Video and sound become the film",
};
const CHIPS = { fresh: ["done", "good"], stale: ["stale", "warn"], missing: ["to make", ""], begun: ["begun", "busy"], waits: ["waits", ""], unknown: ["…", ""] };

export function createBuild() {
  const listed = latest("/api/takes");
  const sections = new Map();
  const player = new Player();
  const stages = el("ol", { className: "stages" });
  const log = el("ul", { className: "log small" });
  const fault = el("div");
  const start = button("Build", () => build({}), { icon: "play", kind: "primary" });
  const stop = button("Stop", () => attempt(() => post("/api/stop")), { icon: "stop", title: "What is finished is kept; Build goes on from there" });
  const here = button("Film from here", () => build({ from_here: true }), { title: "Train no further: a film of the checkpoints so far" });
  const until = el("select", { "aria-label": "How far" }, el("option", { value: "compose" }, "the whole film"), el("option", { value: "sample" }, "only as far as the takes"),
    el("option", { value: "train" }, "only the training"));
  const whole = el("div", { className: "stack whole" });
  const list = el("div", { className: "stack" });
  const listen = el("div", { className: "card", hidden: true }, el("h2", {}, "Playing"), player.node);
  const side = el("div", { className: "stack" },
    el("section", { className: "card", "aria-label": "Build" }, el("h2", {}, "Build"),
      el("div", { className: "stack" }, el("div", { className: "row" }, start, stop, until, here), whole, fault, stages)),
    el("section", { className: "card", "aria-label": "What was said" }, el("h2", {}, "Messages"), log));
  const node = el("div", { className: "columns" }, side, el("div", { className: "stack grow" }, listen, list));
  let takesAt = null;

  async function build(values) {
    await attempt(async () => live.take(await post("/api/build", { until: until.value, ...values })));
  }

  function showStages(state) {
    const view = state.build.running ? state.build.progress?.view : null;
    const works = state.build.progress?.works ?? [];
    const film = state.stages.filter((one) => !one.cut);
    const shown = film.length ? film : Object.keys(STAGES).map((stage) => ({ stage, state: "unknown", why: "" }));
    const names = Object.keys(STAGES);
    fill(stages, shown.map((one) => {
      const busy = view?.stage === one.stage;
      const passed = view && names.indexOf(one.stage) < names.indexOf(view.stage);
      const [words, kind] = busy ? ["now", "busy"] : passed ? CHIPS.fresh : CHIPS[one.state] ?? [one.state, ""];
      const ahead = works.filter((work) => work.stage === one.stage).reduce((sum, work) => sum + work.seconds, 0);
      const left = busy ? view.left_s : null;
      return el("li", { className: busy ? "busy" : "", "aria-current": busy ? "step" : null },
        el("div", { className: "row apart" }, el("strong", {}, one.stage), el("span", { className: "row" },
          busy && left !== null && el("span", { className: "small muted number" }, `${clock(left)} left`),
          !busy && view && !passed && ahead > 0 && el("span", { className: "small muted" }, about(ahead)), el("span", { className: `chip ${kind}` }, words))),
        el("p", { className: "small muted" }, busy ? [view.label, state.build.progress.detail].filter(Boolean).join(" · ") : (!view && one.state !== "fresh" && one.why) || STAGES[one.stage]),
        busy && el("progress", { value: view.share ?? undefined, max: 1, "aria-label": one.stage }));
    }));
    if (view?.whole_share !== null && view?.whole_share !== undefined) {
      fill(whole, el("div", { className: "row apart small" }, el("span", { className: "muted" }, "The whole"),
        el("span", { className: "number" }, view.whole_left_s === null ? "" : `${clock(view.whole_left_s)} left`)),
      el("progress", { value: view.whole_share, max: 1, "aria-label": "The whole build" }));
    } else fill(whole);
  }

  function showBuild(state) {
    const { running, by, error, ended } = state.build;
    start.hidden = running;
    until.hidden = running;
    stop.hidden = !running;
    here.hidden = running || !state.sections.some((one) => one.trained && !one.finished && one.checkpoints > 1);
    const isBegun = state.sections.some((one) => one.trained && !one.finished);
    say(start, isBegun ? "Go on" : state.draft ? "Build the draft" : "Build");
    if (running) fill(fault, by !== "the studio" && el("p", { className: "small muted" }, `Runs in another terminal: ${by}.`));
    else if (ended === "error" && error) fill(fault, faultBox(error));
    else if (ended === "interrupted") fill(fault, el("p", { className: "small muted" }, "It was stopped. What was finished is kept: it goes on from there."));
    else fill(fault, state.film && el("p", { className: "small" }, state.stages.some((one) => !one.cut && one.state !== "fresh") ? "The film that is there is of before the last changes. " : "The film is made. ", el("a", { href: "#deliver" }, "Watch it")));
    const lines = [...(state.build.progress?.lines ?? [])].reverse();
    fill(log, lines.length ? lines.map((line) => el("li", { className: line.kind }, line.kind === "warning" && el("span", { className: "chip warn" }, "warning"), " ", line.text)) : el("li", { className: "muted" }, "Nothing yet."));
  }

  function sectionOf(number) {
    if (!sections.has(number)) {
      const graph = new Graph(number, { small: true, height: 200 });
      const legend = el("div", { className: "legend" }, el("span", {}, "training"), el("span", { className: "of-validation" }, "validation"));
      const parts = { graph, legend, head: el("div", { className: "row apart" }), bar: el("progress", { max: 1, value: 0 }), takes: el("div", { className: "row takes" }), log: -1 };
      parts.node = el("section", { className: "card" }, parts.head, parts.bar, graph.node, legend, parts.takes);
      sections.set(number, parts);
    }
    return sections.get(number);
  }

  function showSections(state) {
    const nodes = state.sections.map((one, number) => {
      const parts = sectionOf(number);
      const share = one.total ? Math.min(1, one.iteration / one.total) : null;
      fill(parts.head, el("h2", {}, `${number + 1}. ${one.title}`), el("span", { className: "row" },
        one.trained && el("span", { className: "small muted number" }, `iteration ${count(one.iteration)}${one.total ? ` of ${count(one.total)}` : ""}`),
        el("span", { className: `chip ${one.finished ? "good" : one.trained ? "busy" : ""}` }, one.finished ? "trained" : one.trained ? (state.build.running ? "training" : "begun") : "not trained yet")));
      parts.bar.hidden = one.finished || !one.trained;
      if (share !== null) parts.bar.value = share;
      parts.bar.setAttribute("aria-label", `Training of section ${number + 1}`);
      parts.graph.node.hidden = parts.legend.hidden = !one.trained;
      if (one.log !== parts.log) { parts.log = one.log; parts.graph.ask(); }
      return parts.node;
    });
    if (nodes.length !== list.children.length) fill(list, nodes);
    if (state.takes !== takesAt) { takesAt = state.takes; showTakes(); }
  }

  async function showTakes() {
    const found = await listed();
    await released();
    found?.sections.forEach((section, number) => {
      const made = section.takes.filter((take) => take.candidates.some((one) => one.sound));
      fill(sectionOf(number).takes, made.map((take) => {
        const one = take.candidates.find((candidate) => candidate.chosen && candidate.sound) ?? take.candidates.find((candidate) => candidate.sound);
        return button(count(take.iteration), () => { listen.hidden = false; player.load(one.sound, 1); }, { icon: "play", kind: "small", "aria-label": `Play the take of iteration ${take.iteration}` });
      }));
    });
  }

  return {
    node,
    update(state) { showStages(state); showBuild(state); showSections(state); },
    leave() { player.clear(); },
  };
}
