// The line below a notebook: how far Python is, what is kept where, and for exercises what one hands in.
// It runs before JupyterLite starts and lets it start only with the right copy of the notebook in its store.

import { ROOT, keepAll, lacking, originalOf, prepare, serviceWorker } from "./storage.js";

const PLACE = new URLSearchParams(location.search).get("path") ?? "";
const KERNEL = "python";
const BUSY_SECONDS = 15;
const part = (id) => document.getElementById(id);
const say = (words) => (part("course-said").textContent = words);
const MB = (bytes) => (bytes / 1e6).toFixed(0);

/** Fetches Python's files while the page still loads, so that they are there when the kernel asks, and counts them. */
async function fetchPython(progress) {
  const { files, bytes } = await (await fetch(new URL("course/python.json", ROOT))).json();
  let done = 0;
  await Promise.all(
    files.map(async (path) => {
      const reader = (await fetch(new URL(path, ROOT))).body.getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        done += piece.value.length;
        progress(done, bytes);
      }
    }),
  );
}

const app = () => window.jupyterapp;

/** Waits until there is something to find, of which no event tells, and returns it. */
async function until(find) {
  for (;;) {
    const found = find();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function notebookPanel() {
  return until(() => {
    const panel = app()?.shell?.currentWidget;
    return panel?.sessionContext && panel.context && panel;
  });
}

/** Starts the notebook's Python as soon as there is one to start, seconds before the notebook, which then takes it, would. */
async function startPython() {
  const { kernelspecs, sessions } = await until(() => app()?.serviceManager);
  await until(() => kernelspecs.specs?.kernelspecs[KERNEL]);
  const wanted = { path: PLACE, name: PLACE.split("/").pop(), type: "notebook", kernel: { name: KERNEL } };
  (await sessions.startNew(wanted)).dispose(); // it goes on: only of its connections one alone hears of widgets, the notebook's
}

/** Shows a lesson as it reads, pictures and all, until the notebook itself is there: that takes the page some seconds. */
async function readMeanwhile() {
  const [, lesson] = PLACE.match(/^notebooks\/(\w+)\./) ?? [];
  if (!lesson) return;
  const page = document.createElement("iframe");
  page.id = "course-meanwhile";
  page.title = "The lesson, to read while the notebook loads";
  page.src = new URL(`read/${lesson}.html`, ROOT);
  document.body.append(page);
  const panel = await notebookPanel();
  await Promise.all([panel.context.ready, panel.revealed]);
  await until(() => panel.node.querySelector(".jp-MarkdownOutput"));
  page.remove();
}

async function whenPythonAnswers(panel) {
  await panel.sessionContext.ready;
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) throw new Error("no kernel");
  await kernel.requestExecute({ code: "", silent: true, store_history: false }).done;
}

/** Says so where a cell goes on and on: here nothing stops what never comes back to Python. */
function watchForEndlessCells(panel) {
  let timer;
  panel.sessionContext.statusChanged.connect((_, status) => {
    clearTimeout(timer);
    if (status === "busy")
      timer = setTimeout(
        () => say(`Python is busy for ${BUSY_SECONDS} seconds. If that never ends: menu Kernel, Restart Kernel.`),
        BUSY_SECONDS * 1000,
      );
    else if (status === "idle") say("Python is ready.");
  });
}

/** The file that is handed in: named by its author, then by the set, as make mark reads it. */
export function handInName(author, place) {
  const name = author
    .normalize("NFC")
    .replace(/[\\/:*?"<>|\p{C}]/gu, " ")
    .replace(/\s+/g, " ")
    .replace(/^[. ]+|[. ]+$/g, "")
    .slice(0, 80);
  return name && `${name}_${originalOf(place).split("/").pop()}`;
}

async function handIn(panel, author) {
  const name = handInName(author, PLACE);
  if (!name) {
    say("Write your name first: the file bears it.");
    part("course-author").focus();
    return;
  }
  localStorage.setItem("course-author", author);
  await panel.context.save();
  const notebook = panel.context.model.toJSON();
  notebook.metadata = {
    ...notebook.metadata,
    kernelspec: { display_name: "Python 3 (ipykernel)", language: "python", name: "python3" },
  };
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(notebook, null, 1)], { type: "application/x-ipynb+json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say(`Downloaded as ${name}: hand in that file.`);
}

/** Lays the site's own notebook beside the reader's copy, under a name that nothing has yet, and opens it. */
async function freshCopy(panel) {
  const { contents } = app().serviceManager;
  const original = originalOf(PLACE);
  const stem = original.replace(/\.ipynb$/, "");
  if (panel.context.model.dirty) await panel.context.save();
  const folder = await contents.get(original.split("/").slice(0, -1).join("/"), { content: true });
  const taken = new Set(folder.content.map((one) => one.path));
  let place = `${stem}.fresh.ipynb`;
  for (let number = 2; taken.has(place); number++) place = `${stem}.fresh-${number}.ipynb`;
  const content = await (await fetch(new URL(`files/${original}`, ROOT))).json();
  await contents.save(place, { type: "notebook", format: "json", content });
  location.href = new URL(`notebooks/index.html?path=${place}`, ROOT);
}

async function attend(state) {
  const panel = await notebookPanel();
  part("course-fresh").onclick = () => freshCopy(panel);
  if (PLACE.startsWith("exercises/")) {
    part("course-author").value = localStorage.getItem("course-author") ?? "";
    part("course-hand-in").onsubmit = (event) => {
      event.preventDefault();
      void handIn(panel, part("course-author").value);
    };
    part("course-hand-in").hidden = false;
  }
  part("course-fresh").hidden = false;
  if (state === "outdated")
    part("course-edition").textContent = "The course has a newer edition of this page; your own copy stays as it is.";
  try {
    await whenPythonAnswers(panel);
    say("Python is ready.");
    watchForEndlessCells(panel);
  } catch (error) {
    say("Python did not start. Load this page again; if that does not help, another browser may.");
  }
  part("course-progress").hidden = true;
  await keepAll();
}

export async function start() {
  void readMeanwhile();
  const missing = await lacking();
  part("course-edition").textContent = missing.join(" ");
  const [state] = await Promise.all([prepare(PLACE).catch(() => "none"), serviceWorker()]);
  let tenths = -1;
  const progress = (done, bytes) => {
    part("course-progress").value = done / bytes;
    if (part("course-progress").hidden || tenths === Math.floor((10 * done) / bytes)) return;
    tenths = Math.floor((10 * done) / bytes); // a screen reader reads each of these lines
    say(done < bytes ? `Fetching Python: ${MB(done)} of ${MB(bytes)} MB` : "Starting Python …");
  };
  const failed = () => say("Python could not be fetched: are you offline, and is this your first visit?");
  fetchPython(progress).catch(failed);
  startPython().catch(console.warn);
  void attend(state);
  const before = navigator.serviceWorker?.controller;
  navigator.serviceWorker?.addEventListener("controllerchange", () => {
    if (before)
      part("course-edition").textContent = "A new edition of the course is here: load the page again to see it.";
  });
}
