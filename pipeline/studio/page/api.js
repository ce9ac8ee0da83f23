// Asking the server, and hearing of changes as they happen.

import { errorWords, notice, released } from "/page/dom.js";

export class Refusal extends Error {
  constructor(error, status) {
    super(errorWords(error));
    this.error = error;
    this.status = status;
  }
}

async function answer(response) {
  const isJson = (response.headers.get("content-type") || "").includes("json");
  const value = isJson ? await response.json() : null;
  if (response.ok) return value;
  const words = response.status === 403 ? "The studio was started again: open the new address that it has printed." : `The studio answers ${response.status}.`;
  throw new Refusal(value?.error ?? { what: words }, response.status);
}

async function fetched(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ what: "The studio does not answer.", hint: "Start it again: build-video studio" }, 0);
  }
}

export const get = async (path, options) => answer(await fetched(path, options));

/** A question that is asked again and again: answers that a later one has overtaken, and those that fail, are null. */
export function latest(path) {
  let asked = 0;
  return async () => {
    const mine = ++asked, found = await get(path).catch(() => null);
    return mine === asked ? found : null;
  };
}

export async function post(path, values = {}) {
  return answer(await fetched(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(values) }));
}

export const send = async (path, body, options = {}) => answer(await fetched(path, { method: "POST", body, ...options }));

/** Do something that may be refused, and say why. Returns whether it was done. */
export async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (error.name === "AbortError") return false;
    notice(error.message, { bad: true });
    return false;
  }
}

/** What goes on, as the server last sent it and as the page shows it; `on` is called with each change. */
export const live = {
  state: null,
  next: null,
  number: -1,
  lost: false,
  listeners: new Set(),
  on(listener) {
    this.listeners.add(listener);
    if (this.state) listener(this.state);
    return () => this.listeners.delete(listener);
  },
  /** Take in a state, unless a later one has come already; it is shown once nothing is pressed. */
  take(state) {
    if (state.number < this.number) return;
    this.number = state.number;
    this.lost = false;
    const isWaiting = this.next !== null;
    this.next = state;
    if (!isWaiting) released().then(() => this.show());
  },
  show() {
    this.state = this.next;
    this.next = null;
    for (const listener of this.listeners) listener(this.state);
  },
  lose(isLost) {
    if (this.lost === isLost) return;
    this.lost = isLost;
    if (this.state) for (const listener of this.listeners) listener(this.state);
  },
  begin() {
    const source = new EventSource("/api/live");
    source.onmessage = (event) => this.take(JSON.parse(event.data));
    source.onopen = () => { this.number = -1; this.lose(false); }; // a server that was started again counts anew
    source.onerror = () => {
      this.lose(true);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.begin(), 2000);
    };
    addEventListener("pagehide", () => source.close(), { once: true });
  },
};

const changes = { last: Promise.resolve(), pending: 0, own: new Set(), latest: null };

/** Change the production file as it is seen here. What is asked for before an earlier change was answered is made to
 * what that has left; what another program changes in between is refused by the server. */
export function change(path, values) {
  const seen = live.state.revision;
  return inTurn(() => post(path, { ...values, seen: changes.own.has(seen) ? changes.latest : seen }), seen);
}

/** Ask for something that changes the production file, after all that was asked before; its answer is the state. */
export function inTurn(ask, seen = live.state.revision) {
  changes.pending += 1;
  const done = changes.last.then(async () => {
    const state = await ask();
    for (const one of [changes.latest ?? seen, state.revision]) changes.own.add(one);
    changes.latest = state.revision;
    live.take(state);
  }).finally(() => {
    changes.pending -= 1;
    if (!changes.pending) Object.assign(changes, { own: new Set(), latest: null });
  });
  changes.last = done.catch(() => {});
  return done;
}
