// Asking the server, and hearing of changes as they happen.

import { errorWords, notice } from "/page/dom.js";

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

/** What goes on, as the server last told; `on` is called with each change. */
export const live = {
  state: null,
  lost: false,
  listeners: new Set(),
  on(listener) {
    this.listeners.add(listener);
    if (this.state) listener(this.state);
    return () => this.listeners.delete(listener);
  },
  take(state) {
    this.state = state;
    this.lost = false;
    for (const listener of this.listeners) listener(state);
  },
  lose(isLost) {
    if (this.lost === isLost) return;
    this.lost = isLost;
    if (this.state) for (const listener of this.listeners) listener(this.state);
  },
  begin() {
    const source = new EventSource("/api/live");
    source.onmessage = (event) => this.take(JSON.parse(event.data));
    source.onopen = () => this.lose(false);
    source.onerror = () => {
      this.lose(true);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.begin(), 2000);
    };
    addEventListener("pagehide", () => source.close(), { once: true });
  },
};

/** Change the production file as it is seen here. */
export async function change(path, values) {
  live.take(await post(path, { ...values, seen: live.state.revision }));
}
