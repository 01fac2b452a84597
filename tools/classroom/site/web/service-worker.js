// Keeps the whole site on the reader's machine, one edition at a time, and answers from there, with or without a network.
// EDITION and the list of files are written by the build; a query after an address makes no difference.

const EDITION = "EDITION_OF_THE_SITE";
const SCOPE = new URL(self.registration.scope);
const FAMILY = `course ${SCOPE.pathname} `;
const CACHE = FAMILY + EDITION;
const LIST = "course/files.json";
const KEPT = { cache: `kept ${SCOPE.pathname}`, path: "course/kept/" };
const AT_A_TIME = 6;

const addressOf = (path) => new URL(path, SCOPE).href;
const isOurs = (name) => name.startsWith(FAMILY);

async function listIn(cache) {
  const found = await cache.match(addressOf(LIST));
  return found ? found.json() : {};
}

/** Requests that are under way: what is asked for twice, as Python by page and kernel, is fetched once. */
const coming = new Map();

/** Fetches a file for all who ask for it now, and lays it into the cache meanwhile. */
async function take(path, cache, wait) {
  const address = addressOf(path);
  if (!coming.has(address)) {
    const settle = async (answer) => {
      if (answer.ok && !answer.redirected) await cache.put(address, answer.clone());
    };
    const fetched = fetch(address, { cache: "no-cache" });
    coming.set(address, fetched);
    wait(
      fetched
        .then(settle)
        .catch(() => {})
        .finally(() => coming.delete(address)),
    );
  }
  return (await coming.get(address)).clone();
}

/** Fetches what this edition lacks; a file that an earlier edition has with the same content is taken from there. */
async function fill(tell = () => {}) {
  const cache = await caches.open(CACHE);
  const complete = Object.keys(await listIn(cache)).length;
  if (complete) return tell({ kept: complete, total: complete });
  const list = await fetch(addressOf(LIST), { cache: "no-cache" });
  if (!list.ok) throw new Error(`${LIST}: ${list.status}`);
  const files = await list.clone().json();
  const earlier = (await caches.keys()).filter((name) => isOurs(name) && name !== CACHE);
  const before = await Promise.all(
    earlier.map(async (name) => [await caches.open(name), await listIn(await caches.open(name))]),
  );
  const there = new Set((await cache.keys()).map((request) => request.url));
  const waiting = Object.keys(files).filter((path) => !there.has(addressOf(path)));
  const total = Object.keys(files).length;
  const next = async () => {
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const same = before.find(([, known]) => known[path] === files[path])?.[0];
      const known = await same?.match(addressOf(path));
      if (known) await cache.put(addressOf(path), known);
      else {
        let kept;
        const answer = await take(path, cache, (promise) => (kept = promise));
        if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
        await (kept ?? cache.put(addressOf(path), answer));
      }
      tell({ kept: total - waiting.length, total });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  await cache.put(addressOf(LIST), list); // last, so that the list is there only when all of it is
  tell({ kept: total, total });
}

async function answer(event, path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(addressOf(path))) ?? take(path, cache, (promise) => event.waitUntil(promise));
}

/** Small files that a lesson writes and reads again, such as what the reader predicted. */
async function kept(request, path) {
  const cache = await caches.open(KEPT.cache);
  if (request.method !== "PUT") return (await cache.match(addressOf(path))) ?? new Response("", { status: 204 });
  await cache.put(addressOf(path), new Response(await request.text()));
  return new Response("", { status: 204 });
}

/** The page that a link between notebooks means: JupyterLab names a folder of the site, and asks it for a path. */
function pageMeant(url, path) {
  const app = path.replace(/\/index\.html$/, "");
  if (app !== "tree" && app !== "notebooks") return null;
  const place = `${url.searchParams.get("path")?.endsWith(".ipynb") ? "notebooks" : app}/index.html`;
  return place === path ? null : addressOf(place) + url.search;
}

self.addEventListener("install", (event) => {
  const settle = async () => {
    // A new edition is taken as a whole or not at all, and takes over when the first page says so: never under a lesson.
    if ((await caches.keys()).some(isOurs)) await fill();
    else await self.skipWaiting();
  };
  event.waitUntil(settle());
});

self.addEventListener("activate", (event) => {
  const settle = async () => {
    await self.clients.claim(); // first: a page must not meet a worker whose files are gone
    const old = (await caches.keys()).filter((name) => isOurs(name) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
  };
  event.waitUntil(settle());
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
  if (event.data !== "keep all") return;
  const tell = (state) => event.source?.postMessage({ edition: EDITION, ...state });
  event.waitUntil(fill(tell).catch(() => tell({ stopped: true })));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = url.pathname.slice(SCOPE.pathname.length).replace(/(^|\/)$/, "$1index.html");
  const meant = request.mode === "navigate" && pageMeant(url, path);
  if (meant) event.respondWith(Response.redirect(meant));
  else if (path.startsWith(KEPT.path)) event.respondWith(kept(request, path));
  else if (request.method === "GET") event.respondWith(answer(event, path));
});
