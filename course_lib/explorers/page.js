// What the controls of an explorer or a prediction need of the page, called once for each that the page shows.

function shieldKeys(root) {
  const own = (event) => event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");

  // JupyterLab takes arrows, space and letters for its own commands: the arrows of a drop-down list leave the cell,
  // typing "dd" in it deletes the cell. It also takes a text that cannot be edited for no text, and Ctrl+A in it for
  // "all cells", Ctrl+C for "this cell".
  root.addEventListener("keydown", (event) => {
    const copied =
      event.target.matches("textarea[readonly]") && (event.ctrlKey || event.metaKey) && ["a", "c"].includes(event.key);
    if (!own(event) || copied) event.stopPropagation();
  });
}

const REST = 500; // milliseconds without a change, after which the answer is read aloud
const SETTLED = 60; // milliseconds without a change, after which a width is the one that stays

function wakeExplorer(root) {
  shieldKeys(root);
  const picture = root.querySelector(".course-picture");
  const presenting = () => document.body.dataset.jpDeckMode === "presenting";

  // The arrow keys go from bit to bit.
  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !event.target.matches(".course-bit")) return;
    const bits = [...root.querySelectorAll(".course-bit")];
    bits[bits.indexOf(event.target) + step]?.focus();
    event.preventDefault();
  });

  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".course-copy")) copy(button);
    // On a slide, a button that was clicked gives the keys back: Space goes on. Who tabs to it keeps it.
    if (button && event.detail && presenting()) root.closest(".jp-Cell")?.focus();
  });

  // What ipywidgets leaves without a name, a value or a state.
  let notes = 0;
  const tell = () => {
    root.querySelectorAll(".noUi-handle").forEach((handle) => {
      const slider = handle.closest(".widget-slider");
      const beside = slider.closest(".course-slid");
      const labels = [slider, beside].map((place) => place?.querySelector("label")?.textContent);
      change(
        handle,
        "aria-label",
        labels.find((text) => text),
      );
      const field = beside?.querySelector("input");
      if (field) change(handle, "aria-valuetext", field.value);
      if (field) follow(field, tell);
    });
    root.querySelectorAll(".widget-readout").forEach((readout) => change(readout, "tabindex", "-1"));
    root.querySelectorAll(".widget-toggle-button").forEach((button) => {
      const state = button.matches(".course-fold") ? "aria-expanded" : "aria-pressed";
      change(button, state, String(button.classList.contains("mod-active")));
    });
    root.querySelectorAll(".course-cell").forEach((cell) => {
      const note = cell.querySelector(".course-note");
      if (!note) return;
      note.id ||= `course-note-${Date.now().toString(36)}-${(notes += 1)}`;
      const marked = cell.querySelector(".course-marked");
      cell.querySelectorAll("input, select").forEach((field) => {
        const wrong = cell.matches(".course-invalid") && (!marked || !!field.closest(".course-marked"));
        change(field, "aria-invalid", String(wrong));
        change(field, "aria-describedby", note.textContent ? note.id : null);
      });
    });
  };
  const watched = { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "aria-valuetext"] };
  new MutationObserver(tell).observe(root, watched);
  setTimeout(tell);

  // The answer is read aloud once the controls have come to rest.
  const live = document.createElement("p");
  live.className = "course-live";
  live.setAttribute("role", "status");
  root.append(live);
  const sentence = root.querySelector(".course-sentence");
  let rest;
  new MutationObserver(() => {
    clearTimeout(rest);
    rest = setTimeout(() => (live.textContent = sentence.textContent), REST);
  }).observe(sentence, { subtree: true, childList: true, characterData: true });

  // The kernel is told how wide the picture's place is, and draws for it: once the page has found its size, as a width
  // of a moment would cost a drawing, and be the wrong one.
  const room = root.querySelector(".course-room-for-picture input");
  const measure = () => {
    const width = picture.clientWidth;
    if (!width || Number(room.value) === width) return;
    room.value = width;
    room.dispatchEvent(new Event("change", { bubbles: true }));
  };
  let settling;
  const measureSoon = () => {
    clearTimeout(settling);
    settling = setTimeout(measure, SETTLED);
  };
  new ResizeObserver(measureSoon).observe(picture);

  // What stands in the picture's grip is dragged: the kernel is told where the pointer is, as a share of the picture.
  const pointer = root.querySelector(".course-pointer-on-picture input");
  let dragged = null;
  const drag = (event) => {
    if (event.pointerId !== dragged) return;
    const box = picture.querySelector("svg").getBoundingClientRect();
    const across = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    pointer.value = across.toFixed(4);
    pointer.dispatchEvent(new Event("change", { bubbles: true }));
  };
  picture.addEventListener("pointerdown", (event) => {
    if (!event.target.matches(".course-grip") || event.button) return;
    dragged = event.pointerId;
    picture.setPointerCapture(dragged); // the grip is drawn anew at every step, its picture's place is not
    event.preventDefault();
    drag(event);
  });
  picture.addEventListener("pointermove", drag);
  ["pointerup", "pointercancel"].forEach((end) => picture.addEventListener(end, () => (dragged = null)));

  // On a slide the explorer grows with the screen, its letters too, as far as what else is on the slide leaves room;
  // on a small one it shrinks a little.
  const cell = root.closest(".jp-Cell");
  const grow = () => {
    if (!cell?.isConnected) return;
    if (!presenting()) {
      root.style.zoom = "";
      return;
    }
    if (!cell.matches(".jp-deck-mod-onscreen")) return;
    // First so small that the card is as wide as it may be: narrower, it would be laid out anew, and be taller.
    const wide = (cell.clientWidth - 2 * SLIDE_EDGE) / CARD_WIDTH;
    const now = Math.max(LEAST_ZOOM, Math.min(Number(root.style.zoom) || 1, wide));
    root.style.zoom = now.toFixed(3);
    const box = root.getBoundingClientRect();
    if (!box.height) return;
    // The slide's cells stand in its middle: what they take besides the explorer is the same wherever that ends.
    const cells = [...document.querySelectorAll(".jp-Deck .jp-Cell.jp-deck-mod-onscreen")];
    const places = cells.map((one) => one.getBoundingClientRect());
    const end = Math.max(...places.map((place) => place.bottom));
    const besides = end - Math.min(...places.map((place) => place.top)) - box.height;
    const tall = (innerHeight - 2 * SLIDE_EDGE - besides) / (box.height / now);
    const zoom = Math.max(LEAST_ZOOM, Math.min(tall, wide));
    if (Math.abs(zoom - now) > 0.01) root.style.zoom = zoom.toFixed(3);
  };
  if (cell) {
    new MutationObserver(grow).observe(cell, { attributes: true, attributeFilter: ["class"] });
    new ResizeObserver(grow).observe(cell);
    new MutationObserver(grow).observe(document.body, { attributes: true, attributeFilter: ["data-jp-deck-mode"] });
    addEventListener("resize", grow);
    // What else is on the slide may take or leave room later, and no event says so.
    const watch = setInterval(() => (cell.isConnected ? presenting() && grow() : clearInterval(watch)), 500);
  }
}

const CARD_WIDTH = 1000; // pixels: page.css lets a card grow so wide, and a slide enlarges all of it
const SLIDE_EDGE = 30; // pixels left free around it
const LEAST_ZOOM = 0.85; // its smallest letters are 10 pixels tall then

function change(element, attribute, value) {
  if (element.getAttribute(attribute) === (value ?? null)) return;
  if (value == null) element.removeAttribute(attribute);
  else element.setAttribute(attribute, value);
}

// Calls `tell` whenever a program writes into a field, of which a page hears nothing otherwise.
function follow(field, tell) {
  if (field.followed) return;
  const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  Object.defineProperty(field, "value", {
    get: () => own.get.call(field),
    set: (text) => {
      own.set.call(field, text);
      tell();
    },
  });
  field.followed = true;
}

async function copy(button) {
  const text = button.parentElement.querySelector("code, textarea");
  const words = text.value ?? text.textContent;
  try {
    await navigator.clipboard.writeText(words);
  } catch {
    // A page that is not trusted may not copy by itself: Ctrl+C does.
    if (text.select) text.select();
    else getSelection().selectAllChildren(text);
    return;
  }
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = before), 1500);
}

function wakePrediction(root) {
  shieldKeys(root);

  // The question names the whole, the buttons are one choice of several and say which is chosen, and a field says what
  // it counts, what was noted and whether what stands in it could not be read.
  root.setAttribute("role", "group");
  const tell = () => {
    root.setAttribute("aria-label", root.querySelector(".course-question")?.textContent.trim() ?? "");
    root
      .querySelectorAll(".widget-toggle-button")
      .forEach((button) => button.setAttribute("aria-pressed", button.classList.contains("mod-active")));
    const words = [...root.querySelectorAll(".course-unit, .course-noted p")];
    root.querySelectorAll(".course-number input").forEach((field) => {
      field.setAttribute("aria-description", words.map((part) => part.textContent).join(" "));
      field.setAttribute("aria-invalid", !!root.querySelector(".course-problem"));
    });
  };
  const watched = { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] };
  new MutationObserver(tell).observe(root, watched);
  setTimeout(tell);

  // When the room's hands are counted, or no number is called any more, Enter gives the keys back to the slides: Space
  // goes on. A learner's own number stays where it is typed. A field lets no key of its own pass, so it is caught before.
  const leave = (event) => {
    const counted = event.target.matches(".course-hands input");
    const called = event.target.matches(".course-called input") && !event.target.value;
    if (event.key === "Enter" && (counted || called)) root.closest(".jp-Cell")?.focus();
  };
  root.addEventListener("keydown", leave, { capture: true });
}
