// Elements, signs and words. Text is only ever put in as text.

const SVG = "http://www.w3.org/2000/svg";

const SIGNS = {
  play: "M7 4v16l13-8z", pause: "M8 5v14M16 5v14", stop: "M6 6h12v12H6z", next: "M5 5v14l10-7zM19 5v14", back: "M19 5v14L9 12zM5 5v14",
  star: "M12 3l2.7 5.7 6.3.8-4.6 4.3 1.2 6.2L12 17l-5.6 3 1.2-6.2L3 9.5l6.3-.8z", undo: "M9 14L4 9l5-5M4 9h10a5.5 5.5 0 0 1 0 11h-4",
  redo: "M15 14l5-5-5-5M20 9H10a5.5 5.5 0 0 0 0 11h4", check: "M5 12l5 5L20 6", close: "M6 6l12 12M18 6L6 18", plus: "M12 5v14M5 12h14",
  minus: "M5 12h14", microphone: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3M6 11a6 6 0 0 0 12 0M12 17v4", folder: "M3 6h6l2 2h10v11H3z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1", down: "M12 4v12M6 11l6 6 6-6M5 20h14", up: "M5 15l7-7 7 7", left: "M15 5l-7 7 7 7", right: "M9 5l7 7-7 7", whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
};

/** Make an element: attributes, `on...` listeners, properties such as `value`; children are nodes, texts or nothing. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "value" && "defaultValue" in node) node.defaultValue = node.value = value;
    else if (["value", "checked", "disabled", "hidden", "className", "htmlFor", "textContent", "max", "selected"].includes(key)) node[key] = value;
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  put(node, children);
  return node;
}

function put(node, children) {
  for (const child of children.flat(4)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

const FOCUSABLE = "button:not(:disabled), a[href], input, select, textarea, summary, [tabindex]";

/** By what a control is known again when it is made anew. */
const identity = (node) => `${node.tagName} ${node.dataset.key ?? (node.id || node.getAttribute("aria-label") || node.labels?.[0]?.textContent || node.textContent)}`;

/** Replace what is in a node. What has the focus there keeps it when it comes again, else what stands first gets it. */
export function fill(node, ...children) {
  const focused = document.activeElement;
  const kept = focused !== node && node.contains(focused) ? identity(focused) : null;
  node.replaceChildren();
  put(node, children);
  if (kept !== null) {
    const all = [...node.querySelectorAll(FOCUSABLE)];
    (all.find((one) => identity(one) === kept) ?? all[0])?.focus({ preventScroll: true });
  }
  return node;
}

/** A small picture; those who can't see it read the label of what holds it. */
export function sign(name, full = false) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", full ? "sign full" : "sign");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SIGNS[name]);
  svg.append(path);
  return svg;
}

/** A button with a sign and, unless it is an icon alone, words. */
export function button(words, onclick, { icon, kind = "", only = false, ...more } = {}) {
  const label = only ? { "aria-label": words, title: words } : {};
  return el("button", { type: "button", className: `${kind} ${only ? "icon" : ""}`.trim(), onclick, ...label, ...more },
    icon && sign(icon, icon === "play" || icon === "stop"), !only && words);
}

/** Change a button's words, unless it says so already. */
export function say(node, words) {
  if (node.textContent !== words) fill(node, node.querySelector("svg"), words);
}

/** Show a message for a while; errors stay until they are closed. */
export function notice(text, { bad = false, action = null } = {}) {
  const box = document.getElementById("notices");
  const node = el("div", { className: `notice rise ${bad ? "bad" : ""}`, role: bad ? "alert" : null },
    el("div", { className: "grow" }, text), action,
    button("Close", () => node.remove(), { icon: "close", only: true, kind: "quiet small" }));
  while (box.children.length > 3) box.firstChild.remove();
  box.append(node);
  if (!bad) setTimeout(() => node.remove(), 5000);
}

/** The words of an error as the program has them, on lines of their own. */
export function errorWords(error) {
  const where = error.where && error.where !== "request" ? error.where : "";
  return [error.what, where && `where: ${where}`, error.expected && `expected: ${error.expected}`, error.hint && `next: ${error.hint}`]
    .filter(Boolean).join("\n");
}

export function faultBox(error) {
  return el("div", { className: "fault", role: "alert" }, errorWords(error).split("\n").map((line, n) => el("p", { className: n ? "muted small" : "" }, line)));
}

/** Seconds as people read them: 0:07, 12:30, 1:05:00. */
export function clock(seconds) {
  if (seconds === null || seconds === undefined || !isFinite(seconds)) return "";
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${String(s).padStart(2, "0")}`;
}

/** About how long something takes, in words. */
export function about(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 1) return "a moment";
  if (seconds < 60) return `about ${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

export const count = (number) => Number(number).toLocaleString("en-US");

export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) { bytes /= 1000; at += 1; }
  return `${at && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)} ${units[at]}`;
}

let isPressed = false;
let waiting = [];

/** Resolves once nothing is pressed: what is clicked or dragged must not be replaced before it is let go. */
export const released = () => (isPressed ? new Promise((done) => waiting.push(done)) : Promise.resolve());

addEventListener("pointerdown", () => { isPressed = true; }, true);
const letGo = () => setTimeout(() => { // after the click that follows
  isPressed = false;
  const done = waiting;
  waiting = [];
  done.forEach((one) => one());
});
for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, letGo, true);
addEventListener("blur", (event) => event.target === window && letGo());

/** Whether somebody writes in a field of a node, and has not finished: it must not be replaced either. */
export function isWritten(node) {
  const field = document.activeElement;
  return node.contains(field) && field.matches("textarea, input:not([type=range]):not([type=checkbox])") && field.value !== field.defaultValue;
}

/** Whether keys belong to a field that is written in. */
export const isTyping = (event) => event.target.matches("input:not([type=range]):not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey;

/** Call a function once things have been quiet for a while. */
export function calm(milliseconds, work) {
  let timer = 0;
  return (...values) => { clearTimeout(timer); timer = setTimeout(() => work(...values), milliseconds); };
}
