// Compiles archives of Python in Pyodide itself: `node compile.mjs CORE SCRIPT FROM TO`, all of them places.

import { readFileSync } from "node:fs";

const [core, script, from, to] = process.argv.slice(2);
const { loadPyodide } = await import(`${core}/pyodide.mjs`);
const pyodide = await loadPyodide({ indexURL: core });
pyodide.mountNodeFS("/from", from);
pyodide.mountNodeFS("/to", to);
pyodide.runPython(readFileSync(script, "utf-8"));
pyodide.runPython(`
from pathlib import Path
for one in sorted(Path("/from").iterdir()):
    Path("/to", one.name).write_bytes(compiled(one.read_bytes()))
`);
