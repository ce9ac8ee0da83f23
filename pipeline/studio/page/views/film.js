// The film as it would be now: its true frames, and its storyboard as a strip that is changed by hand.

import { attempt, change, get, latest, live } from "/page/api.js";
import { button, calm, clock, count, el, faultBox, fill, released, sign } from "/page/dom.js";
import { Playback } from "/page/parts/playback.js";
import { Strip } from "/page/parts/strip.js";
import { createInspector } from "/page/views/inspector.js";

const MOST_ON_SHELF = 400;

export function createFilm() {
  const playback = new Playback(), settings = latest("/api/settings");
  /** Ask for a change; what was shown of it already is taken back where it is refused. */
  const tried = async (path, values) => { if (!await attempt(() => change(path, values)) && story) strip.take(story); };
  let story = null, stamp = null, cut = "", loading = null, again = false;
  const edit = (values) => tried("/api/story", values);
  const set = (path, value, words) => tried("/api/edit", { edits: [{ path, value }], words });
  const on = {
    seconds: (item, seconds) => edit({ kind: "seconds", section: item.section, iteration: item.iteration, seconds }),
    caption: (item, text) => edit({ kind: "caption", section: item.section, iteration: item.iteration, text }),
    remove: (item) => item.kind === "take" && edit({ kind: "remove", section: item.section, iteration: item.iteration }),
    best: (item) => edit({ kind: "best", section: item.section, iteration: item.iteration }),
    add: (section, iteration) => edit({ kind: "add", section, iteration }),
    stretch: (item, seconds) => on.seconds(item, seconds),
    set, write: (item) => write(item),
    select: (item) => inspector.show(item, story),
    go: (frame) => playback.go(frame),
    isBusy: () => playback.isBusy,
    moveSection: (from, to) => tried("/api/edit", { edits: [{ path: ["section", from], to }], words: "order of the sections" }),
    placeInsert(insert, place) {
      const [after, number] = place.split(" ");
      const edits = [{ path: ["insert", insert, "after"], value: after }, { path: ["insert", insert, "section"], value: number ? Number(number) : null }];
      tried("/api/edit", { edits, words: "place of an insert" });
    },
    place(item, target) {
      if (!target) return strip.lay();
      const inSection = target.section !== null && target.section !== undefined;
      if (item.kind === "card" && item.name.startsWith("section-") && inSection && target.section !== item.section) return on.moveSection(item.section, target.section);
      const place = inSection ? `section ${target.section + 1}` : { title: "title", comparison: "comparison", credits: "end" }[target.name] ?? "title";
      if (item.kind === "insert") return on.placeInsert(item.insert, place);
      if (item.kind === "card" && item.own !== null) return set(["card", item.own, "after"], place, "place of a card");
      if (item.kind === "song") return set(["song", item.song, "after"], place, "place of a song");
      strip.lay();
      return null;
    },
  };
  const inspector = createInspector(on);
  const strip = new Strip(on);
  const fault = el("div");
  const time = el("span", { className: "number" });
  const slider = el("input", { type: "range", min: 0, max: 1, value: 0, className: "grow", "aria-label": "Place in the film", oninput: () => playback.go(Number(slider.value)) });
  const play = button("Play", () => playback.toggle(), { icon: "play", kind: "primary" });
  const full = button("Full frame", () => full.setAttribute("aria-pressed", String(playback.full())), { "aria-pressed": "false", title: "Draw frames as large as the film's" });
  const theme = el("select", { "aria-label": "Theme", onchange: () => set(["video", "theme"], theme.value, `theme ${theme.value}`) });
  const layout = el("select", { "aria-label": "Layout", onchange: () => set(["video", "layout"], layout.value || null, "layout") });
  const cuts = el("select", { "aria-label": "Film or cut", hidden: true, onchange: () => { cut = cuts.value; load(); } });
  const shelf = el("div", { className: "shelf" });
  const node = el("div", { className: "stack" }, fault,
    el("div", { className: "film-top" },
      el("section", { className: "stack", "aria-label": "Preview" }, playback.node,
        el("div", { className: "row" }, button("A frame back", () => playback.go(playback.frame - 1), { icon: "left", only: true }), play,
          button("A frame on", () => playback.go(playback.frame + 1), { icon: "right", only: true }), slider, time),
        el("div", { className: "row" }, full, cuts, el("label", { className: "row small muted" }, "Theme", theme), el("label", { className: "row small muted" }, "Layout", layout))),
      inspector.node),
    el("section", { className: "card stack", "aria-label": "Storyboard" },
      el("div", { className: "row apart" }, el("h2", {}, "Storyboard"), el("div", { className: "row" },
        button("Nearer", () => strip.setZoom(strip.zoom * 1.5), { icon: "plus", only: true, kind: "quiet" }), button("Farther", () => strip.setZoom(strip.zoom / 1.5), { icon: "minus", only: true, kind: "quiet" }),
        button("All of it", () => strip.setZoom(1), { icon: "whole", only: true, kind: "quiet" }))),
      strip.node, shelf,
      el("p", { className: "small muted keys" }, el("kbd", {}, "Space"), " play  ", el("kbd", {}, "←"), " ", el("kbd", {}, "→"), " parts  ", el("kbd", {}, ","), " ", el("kbd", {}, "."), " frames  ",
        el("kbd", {}, "+"), " ", el("kbd", {}, "-"), " half a second more or less  ", el("kbd", {}, "C"), " caption  ", el("kbd", {}, "Delete"), " take out")));
  inspector.show(null);
  playback.onmove = (frame) => {
    slider.value = String(frame);
    time.textContent = `${clock(frame / story.frame_rate)} of ${clock(story.total / story.frame_rate)}`;
    slider.setAttribute("aria-valuetext", time.textContent);
    strip.move(frame);
  };
  playback.onplay = (isPlaying) => fill(play, sign(isPlaying ? "pause" : "play", !isPlaying), isPlaying ? "Pause" : "Play");
  playback.canvas.addEventListener("dblclick", () => write(itemAt(playback.frame)));

  let resized = null; // keys that are pressed one after the other are one change
  const writeLength = calm(350, () => { on.seconds(resized.item, resized.seconds); resized = null; });
  function lengthen(item, by) {
    if (resized && resized.item.key !== item.key) on.seconds(resized.item, resized.seconds);
    const seconds = resized?.item.key === item.key ? resized.seconds : (item.end - item.start) / story.frame_rate;
    resized = { item, seconds: Math.max(.3, Math.round((seconds + by) * 10) / 10) };
    strip.resize(item, resized.seconds);
    writeLength();
  }

  const itemAt = (frame) => strip.items.find((one) => one.start <= frame && frame < one.end);

  function write(item) {
    if (item?.kind !== "take") return;
    if (playback.isPlaying) playback.pause();
    if (playback.frame < item.start || playback.frame >= item.end) playback.go(item.start + Math.min(30, (item.end - item.start) >> 1));
    const box = story.sections[item.section].caption_box ?? { left: .05, top: .86, width: .9, height: .09 };
    const field = el("textarea", { className: "caption-field", maxlength: 500, "aria-label": `Caption of take ${item.iteration}`, value: item.own_caption ?? item.caption });
    for (const side of ["left", "top", "width", "height"]) field.style[side] = `${box[side] * 100}%`;
    const close = (isKept) => {
      field.onblur = null;
      field.remove();
      if (isKept && field.value.trim() !== (item.own_caption ?? item.caption)) on.caption(item, field.value.trim() || null);
      playback.canvas.focus?.();
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close(false);
      if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); close(true); }
    });
    field.onblur = () => close(true);
    fill(playback.overlay, field);
    field.focus();
    field.select();
  }

  function showShelf() {
    fill(shelf, story.sections.map((section, number) => {
      const heard = new Set(strip.items.filter((one) => one.kind === "take" && one.section === number).map((one) => one.iteration));
      const others = section.checkpoints.filter((one) => !heard.has(one));
      if (!others.length) return null;
      const field = el("select", { "aria-label": `Other checkpoints of ${section.title}` }, others.slice(0, MOST_ON_SHELF).map((one) => el("option", { value: one }, count(one))));
      const chips = others.length <= 24 && others.map((one) => {
        const chip = button(count(one), () => on.add(number, one), { icon: "plus", kind: "small", draggable: "true", title: "Take it into the film: click, or drag it onto the strip" });
        chip.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", `${number} ${one}`));
        return chip;
      });
      return [el("span", { className: "small muted" }, `${section.title}, not in the film`), el("div", { className: "row" }, chips || [field, button("Take in", () => on.add(number, Number(field.value)), { kind: "small" })])];
    }));
  }
  strip.node.addEventListener("dragover", (event) => event.preventDefault());
  strip.node.addEventListener("drop", (event) => {
    event.preventDefault();
    const [number, iteration] = event.dataTransfer.getData("text/plain").split(" ").map(Number);
    if (Number.isInteger(number) && Number.isInteger(iteration)) on.add(number, iteration);
  });

  async function outlines() {
    const takes = await get("/api/takes").catch(() => null);
    if (!takes) return;
    const shown = story;
    for (const item of strip.items) {
      const section = takes.sections[item.section];
      if (!section || story !== shown || !node.isConnected) continue;
      const one = section.takes.find((take) => take.iteration === item.iteration)?.candidates.find((candidate) => candidate.chosen);
      const name = item.kind === "recording" ? section.recording : item.kind === "take" ? one?.sound : null;
      const length = item.end - item.start;
      if (name && length) await get(`/api/sound/${name}/outline?columns=400`).then((outline) => strip.setOutline(item.key, outline)).catch(() => {});
    }
  }

  async function load() {
    if (loading) { again = true; return; }
    loading = true;
    fill(fault, !story && el("p", { className: "muted" }, "The film is laid out…"));
    try {
      const found = await get(`/api/story?cut=${encodeURIComponent(cut)}`);
      await released();
      story = { ...found, cut };
      fill(fault, !story.real && el("p", { className: "small" }, el("span", { className: "chip warn" }, "not all is real"), " What is not there yet is made up, and marked in the picture."));
      slider.max = String(story.total - 1);
      playback.take(story);
      strip.take(story);
      playback.onmove(playback.frame);
      inspector.show(strip.selected, story);
      fill(cuts, el("option", { value: "" }, "The film"), story.cuts.map((one) => el("option", { value: one, selected: one === cut }, `Cut: ${one}`)));
      cuts.hidden = !story.cuts.length;
      showShelf();
      outlines();
    } catch (error) {
      fill(fault, error.error && !live.state.fault && faultBox(error.error));
    }
    loading = null;
    if (again) { again = false; load(); }
  }

  async function names() {
    const found = await settings();
    await released();
    if (!found) return;
    fill(theme, found.names.themes.map((one) => el("option", { value: one, selected: one === (found.values.video?.theme ?? "midnight") }, one)));
    fill(layout, el("option", { value: "" }, "by the frame"), found.names.layouts.map((one) => el("option", { value: one, selected: one === found.values.video?.layout }, one)));
  }

  return {
    node,
    update(state) {
      if (stamp === state.stamp) return;
      stamp = state.stamp;
      load();
      names();
    },
    leave() { playback.close(); },
    key(event) {
      if (!story) return false;
      const { key } = event, item = strip.selected;
      if (key === " " && !event.target.matches("button, a")) playback.toggle();
      else if (key === "," || key === ".") playback.go(playback.frame + (key === "." ? 1 : -1));
      else if ((key === "ArrowLeft" || key === "ArrowRight") && event.target !== slider) strip.step(key === "ArrowRight" ? 1 : -1);
      else if ((key === "+" || key === "-") && item?.kind === "take") lengthen(item, key === "+" ? .5 : -.5);
      else if ((key === "c" || key === "C") && (item ?? itemAt(playback.frame))) write(item ?? itemAt(playback.frame));
      else if ((key === "Delete" || key === "Backspace") && item?.kind === "take") on.remove(item);
      else return false;
      return true;
    },
  };
}
