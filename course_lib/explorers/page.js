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

function wakeExplorer(root) {
  shieldKeys(root);

  // The arrow keys go from bit to bit.
  root.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !event.target.matches(".course-bit")) return;
    const bits = [...root.querySelectorAll(".course-bit")];
    bits[bits.indexOf(event.target) + step]?.focus();
    event.preventDefault();
  });

  // The sentence is read aloud when it changes, and sliders, which ipywidgets leaves without one, get a name.
  root.querySelector(".course-sentence").setAttribute("aria-live", "polite");
  const nameSliders = () =>
    root.querySelectorAll(".noUi-handle, .widget-readout").forEach((part) => {
      const slider = part.closest(".widget-slider");
      const labels = [slider, slider.parentElement].map((place) => place.querySelector("label").textContent);
      part.setAttribute(
        "aria-label",
        labels.find((text) => text),
      );
    });
  root.addEventListener("focusin", nameSliders);
  setTimeout(nameSliders);
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
