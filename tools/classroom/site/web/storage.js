// What this browser keeps of the reader's: JupyterLite's own store of notebooks, and which edition each was made from.

/** The site's root, whatever page this is part of. */
export const ROOT = new URL("..", import.meta.url);
const DATABASE = `JupyterLite Storage - ${ROOT.pathname}`;
const FILES = "files";

/** What the browser lacks, in sentences for the reader. */
export async function lacking() {
  const missing = [];
  if (typeof WebAssembly !== "object")
    missing.push("This browser has no WebAssembly, so Python cannot run here. You can read every lesson.");
  try {
    await open();
  } catch (error) {
    missing.push("This browser keeps nothing for this page (a private window?). Hand in before you close it.");
  }
  if (!navigator.serviceWorker)
    missing.push(
      "Here the course is not kept for when you are offline, and predictions last until you close the page.",
    );
  return missing;
}

/** The database if JupyterLite has made it, else null; an error where the browser refuses. */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE);
    let isNew = false;
    request.onupgradeneeded = () => {
      isNew = true;
      request.transaction.abort();
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => (isNew ? resolve(null) : reject(request.error));
  });
}

async function inFiles(mode, act) {
  const database = await open();
  if (!database) return undefined;
  try {
    if (!database.objectStoreNames.contains(FILES)) return undefined;
    return await new Promise((resolve, reject) => {
      const request = act(database.transaction(FILES, mode).objectStore(FILES));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}

/** The places of all notebooks that are kept here. */
export const keptPlaces = async () => (await inFiles("readonly", (files) => files.getAllKeys())) ?? [];

/** The place without the mark of a fresh copy: exercises/01_x.fresh-2.ipynb is one of exercises/01_x.ipynb. */
export const originalOf = (place) => place.replace(/\.fresh(-\d+)?(?=\.ipynb$)/, "");

/** What tells sources apart, as Python's side has it in the notebook's stamp. */
export async function fingerprint(notebook) {
  const text = (source) => (Array.isArray(source) ? source.join("") : source);
  const sources = notebook.cells
    .map((cell) => [cell.cell_type, text(cell.source)])
    .filter(([, source]) => source.trim());
  const ascii = (words) =>
    JSON.stringify(words).replace(/[\u007f-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const json = `[${sources.map(([kind, source]) => `[${ascii(kind)}, ${ascii(source)}]`).join(", ")}]`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(json));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Takes out what only the kernel of another launch could show; the pictures beside it stay, as in `make lab`. */
function withoutLiveWidgets({ cells, metadata }) {
  delete metadata?.widgets;
  for (const cell of cells)
    for (const output of cell.outputs ?? []) delete output.data?.["application/vnd.jupyter.widget-view+json"];
}

/**
 * Prepares a notebook for being opened. A copy in which the reader changed nothing, of an earlier edition, gives way to
 * the site's; one with something of the reader's stays. Returns "none", "current", "given up" or "outdated".
 */
export async function prepare(place) {
  const model = await inFiles("readonly", (files) => files.get(place));
  if (!model?.content?.cells) return "none";
  withoutLiveWidgets(model.content);
  await inFiles("readwrite", (files) => files.put(model, place));
  const answer = await fetch(new URL("course/editions.json", ROOT));
  const edition = (await answer.json())[originalOf(place)];
  const stamp = model.content.metadata?.course;
  if (!edition || stamp?.notebook === edition) return "current";
  if (stamp?.sources !== (await fingerprint(model.content))) return "outdated";
  await inFiles("readwrite", (files) => files.delete(place));
  return "given up";
}

/** Registers the service worker and waits, not long, until it answers for this page. */
export async function serviceWorker(patience = 3000) {
  if (!navigator.serviceWorker) return null;
  try {
    const registration = await navigator.serviceWorker.register(new URL("service-worker.js", ROOT), {
      scope: ROOT.pathname,
      updateViaCache: "none",
    });
    const controlled = new Promise((resolve) =>
      navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true }),
    );
    if (!navigator.serviceWorker.controller)
      await Promise.race([controlled, new Promise((resolve) => setTimeout(resolve, patience))]);
    return registration;
  } catch (error) {
    return null;
  }
}

/** Has the whole site kept on this machine, and tells how far that is. */
export async function keepAll(tell = () => {}) {
  if (!navigator.serviceWorker) return;
  const { active } = await navigator.serviceWorker.ready;
  navigator.serviceWorker.addEventListener("message", ({ data }) => tell(data));
  active.postMessage("keep all");
  await navigator.storage?.persist?.();
}
