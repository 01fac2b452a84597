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
      const answer = (await same?.match(addressOf(path))) ?? (await fetch(addressOf(path), { cache: "no-cache" }));
      if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
      await cache.put(addressOf(path), answer);
      tell({ kept: total - waiting.length, total });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
  await cache.put(addressOf(LIST), list); // last, so that the list is there only when all of it is
  tell({ kept: total, total });
}

async function answer(request, path) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(addressOf(path));
  if (found) return found;
  const fetched = await fetch(request);
  if (fetched.ok && fetched.type === "basic" && !fetched.redirected) await cache.put(addressOf(path), fetched.clone());
  return fetched;
}

/** Small files that a lesson writes and reads again, such as what the reader predicted. */
async function kept(request, path) {
  const cache = await caches.open(KEPT.cache);
  if (request.method !== "PUT") return (await cache.match(addressOf(path))) ?? new Response("", { status: 204 });
  await cache.put(addressOf(path), new Response(await request.text()));
  return new Response("", { status: 204 });
}

self.addEventListener("install", (event) => {
  const settle = async () => {
    if ((await caches.keys()).some(isOurs)) await fill(); // a new edition is taken as a whole or not at all
    await self.skipWaiting();
  };
  event.waitUntil(settle());
});

self.addEventListener("activate", (event) => {
  const settle = async () => {
    const old = (await caches.keys()).filter((name) => isOurs(name) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(settle());
});

self.addEventListener("message", (event) => {
  if (event.data !== "keep all") return;
  const tell = (state) => event.source?.postMessage({ edition: EDITION, ...state });
  event.waitUntil(fill(tell).catch(() => tell({ stopped: true })));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = url.pathname.slice(SCOPE.pathname.length).replace(/(^|\/)$/, "$1index.html");
  if (path.startsWith(KEPT.path)) event.respondWith(kept(request, path));
  else if (request.method === "GET") event.respondWith(answer(request, path));
});
