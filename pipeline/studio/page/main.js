// The frame of the page: its bar, which view is shown, and keys that hold everywhere.

import { attempt, inTurn, live, post } from "/page/api.js";
import { about, button, clock, el, errorWords, faultBox, fill, isTyping, notice } from "/page/dom.js";
import { createBegin } from "/page/views/begin.js";
import { createBuild } from "/page/views/build.js";
import { createDeliver } from "/page/views/deliver.js";
import { createFilm } from "/page/views/film.js";
import { createListen } from "/page/views/listen.js";
import { createSettings } from "/page/views/settings.js";

const VIEWS = {
  build: ["Build", createBuild], listen: ["Listen", createListen], film: ["Film", createFilm],
  settings: ["Settings", createSettings], deliver: ["Deliver", createDeliver],
};

const main = document.getElementById("view");
const bar = document.getElementById("bar");
let current = null;
let shownName = "";
let revision = null;

history.replaceState(null, "", location.pathname + location.hash); // the token need not stand in the address

const title = el("h1");
const tabs = el("nav", { className: "tabs", "aria-label": "Views" });
const links = Object.fromEntries(Object.entries(VIEWS).map(([name, [words]]) => [name, el("a", { href: `#${name}` }, words)]));
tabs.append(...Object.values(links));
const undo = button("Undo", () => again("undo"), { icon: "undo", only: true, kind: "quiet" });
const redo = button("Redo", () => again("redo"), { icon: "redo", only: true, kind: "quiet" });
const draft = button("Draft", () => size(true), { "aria-pressed": "false", title: "Small and quick: a ninth of the pixels, two minutes of training" });
const full = button("Full", () => size(false), { "aria-pressed": "true", title: "As the production file says" });
const sizes = el("div", { className: "segmented", role: "group", "aria-label": "Which film is shown and built" }, draft, full);
const progress = el("div", { className: "bar-progress" });
const lost = el("div", { className: "banner", role: "alert", hidden: true }, "The connection is lost. It is tried again by itself; if the studio was started again, open the address that it has printed.");
bar.append(title, tabs, el("span", { className: "space" }), progress, el("div", { className: "row" }, undo, redo), sizes);
const wrong = el("div", { className: "wrong", hidden: true });
const spoken = el("p", { className: "hidden-label", role: "status" });
bar.after(lost, wrong, spoken);

async function again(what) {
  await attempt(() => inTurn(() => post(`/api/${what}`)));
}

async function size(isDraft) {
  await attempt(async () => live.take(await post("/api/draft", { draft: isDraft })));
}

function wanted(state) {
  if (!state.there) return "begin";
  const name = location.hash.slice(1);
  return VIEWS[name] ? name : "build";
}

function show(state) {
  const name = wanted(state);
  if (name !== shownName) {
    current?.leave?.();
    shownName = name;
    current = name === "begin" ? createBegin() : VIEWS[name][1]();
    fill(main, current.node);
    scrollTo(0, 0);
  }
  for (const [key, link] of Object.entries(links)) {
    if (key === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  current.update?.(state);
}

/** Say aloud where the build is: each stage once, and its end. */
function announce({ build, film, there }) {
  const view = build?.running ? build.progress?.view : null;
  const words = !there ? "" : build.running ? `Building: ${view?.stage || "begins"}` : build.ended === "error" ? "The build has failed." : build.ended === "interrupted" ? "The build was stopped." : film ? "The film is made." : "";
  if (spoken.textContent !== words) spoken.textContent = words;
}

function showBar(state) {
  title.textContent = state.title || "Studio";
  title.title = state.file;
  document.title = state.title ? `${state.title} · Studio` : "Studio";
  for (const node of [tabs, sizes, undo, redo]) node.hidden = !state.there;
  for (const [node, what] of [[undo, "undo"], [redo, "redo"]]) {
    const words = state.undo?.[what];
    node.disabled = !words;
    node.title = words ? `${what === "undo" ? "Undo" : "Redo"}: ${words}` : `Nothing to ${what}`;
    node.setAttribute("aria-label", node.title);
  }
  draft.setAttribute("aria-pressed", String(Boolean(state.draft)));
  full.setAttribute("aria-pressed", String(!state.draft));
  lost.hidden = !live.lost;
  wrong.hidden = !state.fault;
  const words = state.fault ? errorWords(state.fault) : "";
  if (wrong.textContent !== words.replaceAll("\n", "")) fill(wrong, state.fault && faultBox(state.fault));
  const view = state.build?.running ? state.build.progress?.view : null;
  if (!state.build?.running) fill(progress);
  else if (!view) fill(progress, el("span", { className: "chip busy" }, "building"));
  else {
    const share = view.whole_share ?? view.share;
    const left = view.whole_left_s ?? view.left_s;
    fill(progress, el("span", { className: "chip busy" }, view.stage || "building"),
      el("progress", { value: share ?? undefined, max: 1, "aria-label": "The whole build" }),
      left !== null && left !== undefined ? el("span", { className: "small muted number", title: about(left) }, `${clock(left)} left`) : "");
  }
}

live.on((state) => {
  if (revision && state.revision && state.revision !== revision && !state.undo?.undo && !state.undo?.redo) {
    notice("The production file was changed by another program; it is shown as it is now.");
  }
  revision = state.revision ?? null;
  showBar(state);
  announce(state);
  show(state);
});
addEventListener("hashchange", () => { if (live.state) { show(live.state); main.focus({ preventScroll: true }); } });
addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === "z" && !event.target.matches("input, textarea")) {
    event.preventDefault();
    again(event.shiftKey ? "redo" : "undo");
  } else if (!isTyping(event) && current?.key?.(event)) event.preventDefault();
});
live.begin();
