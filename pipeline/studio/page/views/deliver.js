// The finished film in a player, with all that goes with it.

import { attempt, latest, live, post } from "/page/api.js";
import { button, clock, el, fill, notice, size } from "/page/dom.js";

export function createDeliver() {
  const delivered = latest("/api/film");
  let stamp = null, chosen = 0, films = [];
  const node = el("div", { className: "stack" });

  const file = (film, name, save) => `/api/file?cut=${encodeURIComponent(film.cut)}&name=${encodeURIComponent(name)}&v=${film.changed}${save ? "&save" : ""}`;

  const line = (film, { name, bytes }) => el("li", { className: "row apart" }, el("a", { href: file(film, name, true), download: name.split("/").pop() }, name.split("/").pop()), el("span", { className: "muted small number" }, size(bytes)));

  function show() {
    const made = films.filter((film) => film.video);
    if (!made.length) {
      fill(node, el("div", { className: "empty card" }, "There is no finished film yet. ", el("a", { href: "#build" }, "Build it"), ": a draft takes a few minutes."));
      return;
    }
    const film = made[Math.min(chosen, made.length - 1)];
    const video = el("video", { controls: true, preload: "metadata", src: file(film, film.video), poster: film.thumbnail && file(film, film.thumbnail), "aria-label": "The finished film" },
      film.subtitles && el("track", { kind: "subtitles", src: file(film, film.subtitles), label: "Captions", srclang: "en" }));
    const plain = film.files.filter((one) => !one.name.includes("/")), folders = [...new Set(film.files.map((one) => one.name.split("/")[0]).filter((one) => !plain.some(({ name }) => name === one)))];
    const description = el("textarea", { readonly: true, rows: 12, value: film.description, "aria-label": "Description" });
    fill(node,
      made.length > 1 && el("div", { className: "segmented", role: "group", "aria-label": "Film or cut" }, made.map((one, n) => button(one.cut || "The film", () => { chosen = n; show(); }, { "aria-pressed": String(one === film) }))),
      el("div", { className: "film-top" },
        el("section", { className: "stack", "aria-label": "Film" }, video,
          el("div", { className: "row" }, el("a", { className: "button primary", href: file(film, film.video, true), download: film.video }, "Save the film"), el("span", { className: "muted small path" }, film.folder),
            button("Copy the path", () => copy(film.folder, "The folder's path is copied."), { icon: "copy", kind: "small" }))),
        el("section", { className: "card", "aria-label": "Chapters" }, el("h2", {}, "Chapters"),
          el("ol", { className: "chapters" }, film.chapters.map((one) => el("li", {}, el("button", { type: "button", className: "quiet", onclick: () => { video.currentTime = one.seconds; video.play().catch(() => {}); } }, el("span", { className: "number muted" }, clock(one.seconds)), one.title)))),
          film.thumbnail && el("img", { src: file(film, film.thumbnail), alt: "Thumbnail", className: "thumbnail" }))),
      el("div", { className: "film-top" },
        el("section", { className: "card stack", "aria-label": "Description" }, el("div", { className: "row apart" }, el("h2", {}, "Description"), button("Copy", () => copy(film.description, "The description is copied."), { icon: "copy", kind: "small" })), description),
        el("section", { className: "card", "aria-label": "Files" }, el("h2", {}, "Files"), el("ul", { className: "files" }, plain.map((one) => line(film, one)),
          folders.map((folder) => { const inside = film.files.filter((one) => one.name.startsWith(`${folder}/`)); return el("li", {}, el("details", {}, el("summary", {}, `${folder} (${inside.length})`), el("ul", { className: "files" }, inside.map((one) => line(film, one))))); })),
        el("div", { className: "row exports" }, el("span", { className: "muted small" }, "Export"), [["gif", "GIF of a take"], ["loop", "Loop (MP4)"], ["sound", "Sound (WAV)"]].map(([kind, words]) =>
          button(words, () => attempt(async () => { live.take(await post("/api/build", { export: kind, cut: film.cut })); notice(`${words}: it lies among the files in a moment.`); }), { kind: "small" }))))));
  }

  async function copy(text, words) {
    try {
      await navigator.clipboard.writeText(text);
      notice(words);
    } catch {
      notice("The browser does not allow copying: select the text and copy it.", { bad: true });
    }
  }

  async function load() {
    const found = await delivered();
    if (!found) return;
    films = found.films;
    show();
  }

  return {
    node,
    update(state) {
      const mark = `${state.film} ${state.draft} ${state.build.running} ${state.revision}`;
      if (mark === stamp) return;
      stamp = mark;
      load();
    },
  };
}
