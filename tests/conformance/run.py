"""Runs the conformance cases with one client against a freshly started assentd.

    run.py cpp|python|node BUILD_FOLDER
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "harness"))

import assentd_process  # noqa: E402


def command(client, build, work):
    cases = HERE / "cases.json"
    if client == "cpp":
        return [build / "tests/conformance/conformance", cases]
    if client == "python":
        assentd_process.make_stubs(work / "stubs")
        return [sys.executable, HERE / "python/conformance.py", cases, work / "stubs"]
    if not (HERE / "node/node_modules").is_dir():
        sys.exit("the Node packages are missing: ./dev test installs them")
    return ["node", HERE / "node/conformance.js", cases, assentd_process.PROTO]


def main():
    client, build = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        model = work / "model.assent"
        subprocess.run([sys.executable, HERE / "make_model.py", assentd_process.PROTO, model], check=True)
        arguments = command(client, build, work)
        with assentd_process.AssentdProcess(build, model) as server:
            subprocess.run([*arguments, server.data, server.control], check=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(failure.returncode)
