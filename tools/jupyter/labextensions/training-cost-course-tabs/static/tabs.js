// Names the tabs of lessons and exercises: their files have the same names, and a tab shows no folder.
// JupyterLab takes this file as it is, as one of its prebuilt extensions.

(() => {
  const KINDS = { notebooks: "Lesson", my_lessons: "Lesson", exercises: "Exercises", my_exercises: "Exercises" };
  const PLACE = /^(notebooks|my_lessons|exercises|my_exercises)\/(\d\d)_(\w+)(?:\.(fresh(?:-\d+)?))?\.ipynb$/;

  /** "Lesson 1 · compute cost" for notebooks/01_compute_cost.ipynb; nothing for a file of another kind. */
  function nameOf(path) {
    const [found, folder, number, topic, fresh] = path.match(PLACE) ?? [];
    if (!found) return undefined;
    const words = topic.replaceAll("_", " ");
    const name = number === "00" ? words[0].toUpperCase() + words.slice(1) : `${KINDS[folder]} ${+number} · ${words}`;
    return fresh ? `${name} (${fresh})` : name;
  }

  /**
   * Gives a document's tab its name, now and whenever JupyterLab gives it the file's again.
   * JupyterLab takes a new label for a wish to rename the file; where it cannot be told otherwise, the label stays.
   */
  function nameTab(panel, { localPath, pathChanged }) {
    const { title, _onTitleChanged } = panel;
    if (!nameOf(localPath) || !_onTitleChanged || !title.changed.disconnect(_onTitleChanged, panel)) return;
    const label = (_, { localPath }) => void (title.label = nameOf(localPath) ?? title.label);
    pathChanged.connect(label);
    label(null, { localPath });
  }

  const plugin = {
    id: "training-cost-course-tabs:plugin",
    description: "Names the tabs of lessons and exercises.",
    autoStart: true,
    activate: (app) => void app.docRegistry.addWidgetExtension("Notebook", { createNew: nameTab }),
  };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB["training-cost-course-tabs"] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
