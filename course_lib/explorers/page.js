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

  // The buttons are one choice of several, and say which is chosen.
  const pressed = () =>
    root
      .querySelectorAll(".widget-toggle-button")
      .forEach((button) => button.setAttribute("aria-pressed", button.classList.contains("mod-active")));
  new MutationObserver(pressed).observe(root, { subtree: true, attributes: true, attributeFilter: ["class"] });
  setTimeout(pressed);

  // When the room's hands are counted, Enter gives the keys back to the slides: Space goes on.
  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) root.closest(".jp-Cell")?.focus();
  });
}
