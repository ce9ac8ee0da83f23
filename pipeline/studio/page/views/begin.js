// The first page: recordings are dropped or recorded here, judged at once, and become a film.

import { attempt, get, live, post, send } from "/page/api.js";
import { button, el, fill, notice, sign, size } from "/page/dom.js";
import { createMicrophone } from "/page/views/microphone.js";

const LENGTHS = [["2", "2 minutes: a first impression"], ["8", "8 minutes: a voice appears"], ["20", "20 minutes: better"], ["60", "an hour"], ["480", "a night: 8 hours"]];

export function createBegin() {
  let recordings = [];
  const place = el("p", { className: "muted small path" });
  const list = el("ul", { className: "stack recordings" });
  const file = el("input", { type: "file", multiple: true, accept: "audio/*,video/*", className: "hidden-label", id: "file", "aria-label": "Recordings", onchange: () => { upload([...file.files]); file.value = ""; } });
  const drop = el("label", { className: "drop", htmlFor: "file" }, sign("down"), el("strong", {}, "Drop recordings of a voice here"), el("span", { className: "muted" }, "or click to choose them: WAV, FLAC, MP3, M4A, OGG, or a video with sound. Three minutes or more are good."), file);
  const microphone = createMicrophone(() => load());
  const title = el("input", { type: "text", maxlength: 200, value: "A neural network learns my voice", id: "title" });
  const minutes = el("select", { id: "minutes" }, LENGTHS.map(([value, words]) => el("option", { value, selected: value === "8" }, words)));
  const draft = el("input", { type: "checkbox", id: "draft" });
  const make = button("Make the film", () => begin(), { icon: "play", kind: "primary", disabled: true });
  const node = el("div", { className: "begin stack" },
    el("div", {}, el("h2", { className: "begin-title" }, "A film of a neural network that learns your voice"), el("p", { className: "muted" }, "Give it a recording. A small network is trained on its sound; the film lets you hear it learn.")),
    el("div", { className: "begin-ways" }, drop, microphone.node), list,
    el("section", { className: "card stack", "aria-label": "The film" },
      el("div", { className: "begin-form" },
        el("label", { htmlFor: "title" }, "Title"), title, el("label", { htmlFor: "minutes" }, "Training"), minutes,
        el("span", {}, "First"), el("label", { className: "check" }, draft, "a draft: small and quick, two minutes of training")),
      el("div", { className: "row apart" }, place, make)),
    el("p", { className: "muted small" }, "Or look at the demo first: ", button("Copy the demo film", () => demo(), { kind: "small" })));

  function show() {
    make.disabled = !recordings.length;
    fill(list, recordings.map((one) => el("li", { className: "card recording" },
      el("div", { className: "row apart" }, el("strong", { className: "path" }, one.name), el("span", { className: "row small muted" }, one.seconds ? `${one.seconds.toFixed(1)} s` : "", size(one.bytes),
        button(`Remove ${one.name}`, () => remove(one.name), { icon: "close", only: true, kind: "quiet small" }))),
      el("audio", { controls: true, preload: "none", src: `/api/recordings/${encodeURIComponent(one.name)}`, "aria-label": one.name }),
      one.share !== undefined && el("progress", { value: one.share, max: 1, "aria-label": "Upload" }),
      one.notes?.map((note) => el("p", { className: "small muted" }, note)),
      one.warnings?.map((warning) => el("p", { className: "small" }, el("span", { className: "chip warn" }, "note"), ` ${warning}`)),
      one.notes && !one.warnings.length && el("p", { className: "small" }, el("span", { className: "chip good" }, "good"), " Nothing speaks against it."),
      one.isJudged === false && el("p", { className: "small muted" }, "Listening to it…"))));
  }

  async function load() {
    const found = await get("/api/begin").catch(() => null);
    if (!found) return;
    recordings = found.recordings;
    place.textContent = found.folder;
    microphone.text(found.text);
    show();
    for (const one of recordings) if (!one.notes) await judge(one);
  }

  async function judge(one) {
    one.isJudged = false;
    show();
    await attempt(async () => Object.assign(one, await get(`/api/recordings/${encodeURIComponent(one.name)}/judged`)));
    one.isJudged = true;
    show();
  }

  async function upload(files) {
    for (const one of files) {
      const busy = { name: one.name, bytes: one.size, isJudged: false };
      recordings = [...recordings, busy];
      show();
      const isDone = await attempt(() => send(`/api/recordings?name=${encodeURIComponent(one.name)}`, one));
      if (!isDone) recordings = recordings.filter((other) => other !== busy);
    }
    await load();
  }

  async function remove(name) {
    await attempt(() => post(`/api/recordings/${encodeURIComponent(name)}/remove`));
    load();
  }

  async function begin() {
    make.disabled = true;
    const isDone = await attempt(async () => {
      await post("/api/begin", { title: title.value, minutes: Number(minutes.value) });
      location.hash = "build";
      live.take(await post("/api/build", { draft: draft.checked }));
    });
    if (!isDone) { make.disabled = !recordings.length; live.take(await get("/api/state")); }
  }

  async function demo() {
    await attempt(async () => {
      await post("/api/begin", { demo: true });
      location.hash = "build";
      live.take(await get("/api/state"));
      notice("The demo lies here now. Build makes its film.");
    });
  }

  for (const kind of ["dragover", "dragleave", "drop"]) {
    node.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) upload([...event.dataTransfer.files]);
    });
  }
  load();
  return { node, leave() { microphone.leave(); } };
}
