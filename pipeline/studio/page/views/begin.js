// The first page: recordings are dropped or recorded here, judged at once, and become a film.

import { attempt, get, latest, live, post, send } from "/page/api.js";
import { button, el, fill, notice, released, sign, size } from "/page/dom.js";
import { createMicrophone } from "/page/views/microphone.js";

const LENGTHS = [["2", "2 minutes: a first impression"], ["8", "8 minutes: a voice appears"], ["20", "20 minutes: better"], ["60", "an hour"], ["480", "a night: 8 hours"]];

export function createBegin() {
  const listed = latest("/api/begin"), cards = new Map(), uploads = [], judging = new Map();
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

  /** The card of a recording; it stays while others come and go, so that what plays goes on. */
  function cardOf(one) {
    if (!cards.has(one.name)) {
      const length = el("span"), words = el("div", { className: "stack" });
      const node = el("li", { className: "card recording" },
        el("div", { className: "row apart" }, el("strong", { className: "path" }, one.name), el("span", { className: "row small muted" }, length,
          button(`Remove ${one.name}`, () => remove(one.name), { icon: "close", only: true, kind: "quiet small" }))),
        one.isHere !== false && el("audio", { controls: true, preload: "none", src: `/api/recordings/${encodeURIComponent(one.name)}`, "aria-label": one.name }), words);
      cards.set(one.name, { node, length, words });
    }
    const { node, length, words } = cards.get(one.name);
    length.textContent = [one.seconds && `${one.seconds.toFixed(1)} s`, size(one.bytes)].filter(Boolean).join("  ");
    fill(words,
      one.notes?.map((note) => el("p", { className: "small muted" }, note)),
      one.warnings?.map((warning) => el("p", { className: "small" }, el("span", { className: "chip warn" }, "note"), ` ${warning}`)),
      one.notes && !one.warnings.length && el("p", { className: "small" }, el("span", { className: "chip good" }, "good"), " Nothing speaks against it."),
      !one.notes && el("p", { className: "small muted" }, one.isHere === false ? "It is put into the folder…" : "Listening to it…"));
    return node;
  }

  function show() {
    make.disabled = !recordings.some((one) => one.isHere !== false);
    const nodes = recordings.map(cardOf);
    for (const node of [...list.children]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, n) => { if (list.children[n] !== node) list.insertBefore(node, list.children[n] ?? null); });
  }

  async function load() {
    const found = await listed();
    await released();
    if (!found) return;
    recordings = [...found.recordings, ...uploads];
    for (const name of cards.keys()) if (!recordings.some((one) => one.name === name)) cards.delete(name);
    place.textContent = found.folder;
    microphone.text(found.text);
    show();
    for (const one of found.recordings) if (!one.notes) judge(one);
  }

  async function judge(one) {
    if (!judging.has(one.name)) judging.set(one.name, get(`/api/recordings/${encodeURIComponent(one.name)}/judged`).finally(() => judging.delete(one.name)));
    await attempt(async () => Object.assign(one, await judging.get(one.name)));
    if (recordings.includes(one)) show();
  }

  async function upload(files) {
    for (const one of files) {
      const busy = { name: ` ${one.name}`, bytes: one.size, isHere: false }; // no name that a recording has
      uploads.push(busy);
      recordings = [...recordings, busy];
      show();
      await attempt(() => send(`/api/recordings?name=${encodeURIComponent(one.name)}`, one));
      uploads.splice(uploads.indexOf(busy), 1);
      await load();
    }
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
    if (!isDone) { show(); live.take(await get("/api/state")); }
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
