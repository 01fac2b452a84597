// The landing page's living parts: what the browser lacks, what is kept here, and a new edition.

import { ROOT, keepAll, keptPlaces, lacking, originalOf, serviceWorker } from "./storage.js";

const line = (id, words) => {
  const place = document.getElementById(id);
  place.textContent = words;
  place.hidden = !words;
};

async function sayWhatIsKept() {
  const places = await keptPlaces().catch(() => []);
  for (const link of document.querySelectorAll("a[data-place]")) {
    const own = places.filter((place) => originalOf(place) === link.dataset.place).sort();
    const note = document.createElement("span");
    note.className = "kept";
    own.forEach((place, index) => {
      const again = document.createElement("a");
      again.href = new URL(`notebooks/index.html?path=${place}`, ROOT);
      again.textContent = place === originalOf(place) ? "your copy" : place.match(/fresh(-\d+)?/)[0].replace("-", " ");
      again.setAttribute("aria-label", `${again.textContent} of ${link.dataset.name}`);
      note.append(index ? ", " : "kept here: ", again);
    });
    if (own.length) link.after(note);
  }
}

line("lacking", (await lacking()).join(" "));
await sayWhatIsKept();
const before = navigator.serviceWorker?.controller;
navigator.serviceWorker?.addEventListener("controllerchange", () => before && location.reload());
const registration = await serviceWorker();
if (registration) {
  const takeOver = () => registration.waiting?.postMessage("take over");
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", takeOver),
  );
  takeOver();
  void registration.update().catch(() => {});
  await keepAll(({ kept, total, stopped }) => {
    if (stopped)
      line("offline", "Not all of the course is kept for when you are offline: that goes on at the next visit.");
    else if (kept < total)
      line("offline", `Keeping the course for when you are offline: ${Math.round((100 * kept) / total)} %`);
    else line("offline", "The whole course is kept on this machine: it works offline too.");
  });
}
