// Runs the package's tests in Pyodide on Node: `node pyodide.mjs PYODIDE CLONE PACKAGES [ARGUMENT...]`. The folders
// hold the npm package, this package with its tests, and pytest with its dependencies.
import { pathToFileURL } from "node:url";

const [folder, clone, packages, ...args] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const pyodide = await loadPyodide();
for (const [place, from] of Object.entries({ "/clone": clone, "/packages": packages })) {
  pyodide.mountNodeFS(place, from);
}
pyodide.globals.set("args", pyodide.toPy(args));
const status = pyodide.runPython(`
import os, sys
sys.dont_write_bytecode = True
sys.path[:0] = ["/packages", "/clone"]
os.chdir("/clone")
from tests.interop.pyodide_tests import main
main(args)
`);
process.exit(status);
