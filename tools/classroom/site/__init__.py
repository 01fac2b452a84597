"""The course as a folder of files that runs in a browser: JupyterLite, with Python as WebAssembly (Pyodide).

These were seen to work together and stay together: jupyterlite-core 0.8.6, jupyterlite-pyodide-kernel 0.8.3, Pyodide
314.0.4 (Python 3.14), ipywidgets 8.1.9, comm 0.2.3. To move on, begin with the kernel: it names the Pyodide that it is
made for. Then raise the extra `site` in `pyproject.toml`, `PYODIDE` and its hash in `parts.py`, and the list in
`pure.txt`; have a place that holds that Pyodide's WebAssembly wheels; and run `make site-test`.
"""
