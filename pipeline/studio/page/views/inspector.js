// What can be changed of the part that is selected, in fields: all that dragging does, and more.

import { button, clock, count, el, fill, isWritten } from "/page/dom.js";

export function createInspector(on) {
  const node = el("section", { className: "card stack inspector", "aria-label": "Selected part" });
  let shown = "";

  const number = (label, value, unit, save, least = 0) => {
    const field = el("input", { type: "number", value: value ?? "", min: least, step: "0.1", "aria-label": `${label}, ${unit}` });
    field.addEventListener("change", () => save(field.value === "" ? null : Number(field.value)));
    return el("label", { className: "field" }, el("span", {}, label), el("span", { className: "row" }, field, el("span", { className: "muted small" }, unit)));
  };

  function take(item, story) {
    const section = story.sections[item.section];
    const seconds = (item.end - item.start) / story.frame_rate;
    const words = el("textarea", { rows: 2, maxlength: 500, placeholder: "The usual caption", value: item.own_caption ?? "" });
    words.addEventListener("change", () => on.caption(item, words.value.trim() || null));
    return [
      el("h2", {}, `Take ${count(item.iteration)}`),
      el("p", { className: "small muted" }, [`${section.title}`, item.epoch !== null && `epoch ${item.epoch?.toFixed(1)}`, item.loss !== null && `${item.loss} bits per byte`].filter(Boolean).join(" · ")),
      item.made_up && el("p", { className: "small" }, el("span", { className: "chip warn" }, "made up"), " There is no such take yet: build as far as the takes."),
      number("Time", seconds.toFixed(2), "s", (value) => on.seconds(item, value), .1),
      item.fixed && button("Its share of the time", () => on.seconds(item, null), { kind: "small" }),
      el("label", { className: "field" }, el("span", {}, "Caption"), words),
      el("p", { className: "small muted" }, `Shown: ${item.caption || "none"}`),
      el("div", { className: "row" }, button("Write on the picture", () => on.write(item), { kind: "small", title: "C" }),
        button("Take out", () => on.remove(item), { icon: "close", kind: "small", title: "Delete" }),
        item.best ? el("span", { className: "chip good" }, "best") : button("Set “best”", () => on.best(item), { kind: "small", title: "The take of lowest loss, whichever that turns out to be" })),
    ];
  }

  function card(item, story) {
    const key = { title: ["video", "title_seconds"], comparison: ["video", "comparison_seconds"], credits: ["video", "credits_seconds"] }[item.name];
    const seconds = (item.end - item.start) / story.frame_rate;
    const path = key ?? (item.own !== null ? ["card", item.own, "seconds"] : item.name.startsWith("recap") ? ["section", item.section, "storyboard", "recap_seconds"] : ["section", item.section, "storyboard", "card_seconds"]);
    const isSection = item.name.startsWith("section-");
    return [
      el("h2", {}, `Card: ${item.name.replace("-", " ")}`), el("p", { className: "small muted" }, `at ${clock(item.start / story.frame_rate)}`),
      number("Time", seconds.toFixed(2), "s", (value) => value !== null && on.set(path, value, `${item.name}: ${value} s`)),
      isSection && el("label", { className: "field" }, el("span", {}, "Title of the section"), titleField(item, story)),
      isSection && story.sections.length > 1 && el("div", { className: "row" },
        button("Section earlier", () => on.moveSection(item.section, item.section - 1), { icon: "left", kind: "small", disabled: item.section === 0 }),
        button("Section later", () => on.moveSection(item.section, item.section + 1), { icon: "right", kind: "small", disabled: item.section === story.sections.length - 1 })),
      item.own !== null && place(item, story, (after) => on.set(["card", item.own, "after"], after, "place of a card")),
    ];
  }

  function titleField(item, story) {
    const field = el("input", { type: "text", maxlength: 200, value: story.sections[item.section].title });
    field.addEventListener("change", () => field.value.trim() && on.set(["section", item.section, "title"], field.value.trim(), "title of a section"));
    return field;
  }

  function place(item, story, save) {
    const places = ["start", "title", ...story.sections.map((_, n) => `section ${n + 1}`), "comparison", "end"];
    const field = el("select", { "aria-label": "Place" }, places.map((one) => el("option", { value: one, selected: one === item.after }, one === "start" ? "at the start" : one === "end" ? "at the end" : `after ${one}`)));
    field.addEventListener("change", () => save(field.value));
    return el("label", { className: "field" }, el("span", {}, "Place"), field);
  }

  function recording(item, story) {
    const seconds = (item.end - item.start) / story.frame_rate;
    return [el("h2", {}, "The recording"), el("p", { className: "small muted" }, story.sections[item.section].title),
      number("Time", seconds.toFixed(2), "s", (value) => value !== null && on.set(["section", item.section, "storyboard", "recording_seconds"], value, "time of the recording"))];
  }

  const insert = (item, story) => [el("h2", {}, `Insert: ${item.name}`),
    number("Time", ((item.end - item.start) / story.frame_rate).toFixed(2), "s", (value) => value !== null && on.set(["insert", item.insert, "seconds"], value, "time of an insert")),
    place(item, story, (after) => on.placeInsert(item.insert, after))];

  const song = (item, story) => [el("h2", {}, `Song: ${item.name}`), el("p", { className: "small muted" }, "Its notes say how long it is. Its tune, words and voices stand in the ", el("a", { href: "#settings" }, "settings"), "."),
    place(item, story, (after) => on.set(["song", item.song, "after"], after, "place of a song"))];

  return {
    node,
    show(item, story) {
      if (item && item.key === shown && isWritten(node)) return;
      shown = item?.key ?? "";
      const kinds = { take, card, recording, insert, song };
      if (!item || !story) {
        fill(node, el("h2", {}, "Nothing is selected"), el("p", { className: "muted small" }, "Click a part of the film below, or move with ", el("kbd", {}, "←"), " ", el("kbd", {}, "→"), ". Drag the right edge of a take to give it more or less time; drag it off the strip to take it out."));
      } else fill(node, kinds[item.kind](item, story));
    },
  };
}
