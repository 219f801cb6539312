"""The rules of the house that no compiler knows: floors, names, lengths, roles, and commands that somebody runs.

Each rule is a function that takes text and returns complaints, so that tests/house/house_rules_test.py can show that it
complains; this program applies them to the files of the repository.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES_MAX = 400
FORBIDDEN_NAMES = {"util", "utils", "common", "helper", "helpers", "misc", "base", "manager", "stuff"}
CODE = {".cc", ".h", ".py", ".sh", ".js", ".proto"}
IO_HEADERS = {"filesystem", "fstream", "iostream", "syncstream", "unistd.h", "fcntl.h"}


def repository_files():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout.split("\n")
    return [name for name in listed if name and (ROOT / name).is_file()]


def parse_floors(text):
    """Returns ({folder: [prefix]}, {pure folder})."""
    allowed, pure = {}, set()
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line.startswith("pure "):
            pure.add(line.split()[1])
        elif line:
            folder, prefixes = line.split(":", 1)
            allowed[folder] = prefixes.split()
    return allowed, pure


def floor_complaints(floors_text, path, source):
    """What `path` includes against docs/floors.txt."""
    allowed, pure = parse_floors(floors_text)
    folder = path.split("/", 1)[0]
    if folder not in allowed:
        return []
    prefixes = [folder + "/", "absl/"] + allowed[folder]
    complaints = []
    for number, line in enumerate(source.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if not match:
            continue
        header = match.group(1) or match.group(2)
        if folder in pure and (header in IO_HEADERS or header.startswith("sys/")):
            complaints.append(f"{path}:{number}: {folder} does no I/O, yet includes {header}")
        elif re.fullmatch(r"[a-z_0-9]+", header) and match.group(2):
            continue  # the C++ standard library
        elif not any(header == prefix or prefix.endswith("/") and header.startswith(prefix) for prefix in prefixes):
            complaints.append(f"{path}:{number}: {folder} may not include {header} (docs/floors.txt)")
    return complaints


def name_complaints(path):
    stem = pathlib.PurePath(path).stem
    parts = set(re.split(r"[_\-.]", stem)) | {stem}
    bad = parts & FORBIDDEN_NAMES
    return [f"{path}: a file is named for one noun, not '{word}'" for word in sorted(bad)]


def length_complaints(path, text):
    lines = text.count("\n")
    return [f"{path}: {lines} lines, {LINES_MAX} at most"] if lines > LINES_MAX else []


def role_complaints(path, text):
    """Every RPC names the roles that may call it."""
    complaints = []
    bare = re.sub(r"//[^\n]*", "", text)
    for match in re.finditer(r"\brpc\s+(\w+)\s*\([^)]*\)\s*returns\s*\([^)]*\)\s*(;|\{)", bare):
        body = bare[match.end():bare.index("}", match.end())] if match.group(2) == "{" else ""
        roles = re.findall(r"option\s*\(allowed_roles\)\s*=\s*(\w+)", body)
        if not roles or "ROLE_UNSPECIFIED" in roles:
            complaints.append(f"{path}: {match.group(1)} names no allowed_roles, so nobody may call it")
    return complaints


def path_complaints(path, text):
    """Nothing points into one machine's folders."""
    pattern = re.compile(r"(?<![\w.\-/}])/(?:" + "work|root|home/[a-z]+" + r")/")
    return [f"{path}:{number}: an absolute path of one machine" for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)]


def link_complaints(path, text, exists):
    """Links and file names of pages lead somewhere. `exists` tells whether a path from the root does."""
    complaints = []
    folder = pathlib.PurePosixPath(path).parent
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target) and not exists(str(folder / target)):
            complaints.append(f"{path}: a link to {target}, which is not there")
    return complaints


def fenced_blocks(markdown):
    """Yields (info string, [lines]) for each fenced block."""
    block = None
    for line in markdown.splitlines():
        if line.startswith("```"):
            if block is None:
                block = (line[3:].strip(), [])
            else:
                yield block
                block = None
        elif block is not None:
            block[1].append(line)


def readme_complaints(readme, ci_script):
    """`sh` blocks are run by tests/house/readme_test.sh; each line of an `sh ci` block must stand in .ci/run."""
    complaints = []
    ran = 0
    ci_lines = [line.strip() for line in ci_script.splitlines() if not line.strip().startswith("#")]
    for info, lines in fenced_blocks(readme):
        if info == "sh":
            ran += 1
        elif info == "sh ci":
            for line in lines:
                command = line.split("#", 1)[0].strip()
                if command and not any(re.search(re.escape(command) + r"(\s|$)", ci_line) for ci_line in ci_lines):
                    complaints.append(f"README.md: '{command}' is not run by .ci/run")
        elif info not in ("text", "text prints", "mermaid"):
            complaints.append(f"README.md: a block is marked '{info}': use sh (run by a test), text prints (what that prints), sh "
                              "ci, text or mermaid")
    if not ran:
        complaints.append("README.md: no block that readme_test.sh runs")
    return complaints


def names_of_tests(path, text):
    """The tests that a file under tests/ defines: `Suite.Test` of GoogleTest, and the names of add_test.

    A name made of a foreach() variable is each of its names; one made of any other variable is left out.
    """
    if path.endswith(".cc"):
        return {f"{suite}.{test}" for suite, test
                in re.findall(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", text, re.MULTILINE)}
    bare = re.sub(r"#[^\n]*", "", text)
    unrolled = bare
    for variable, values, block in re.findall(r"foreach\((\w+)\s+([^)]*)\)(.*?)endforeach", bare, re.DOTALL):
        unrolled += "".join(block.replace("${" + variable + "}", value) for value in values.split())
    names = re.findall(r"add_test\(\s*NAME\s+([^\s)]+)", unrolled)
    return {name for name in names if "$" not in name}


def compliance_complaints(page, tests):
    """Every test that docs/compliance.md names exists, and every duty has one or says that something is missing."""
    complaints = []
    duties = 0
    for number, line in enumerate(page.splitlines(), 1):
        row = line.startswith("|") and not re.fullmatch(r"[-:| ]+", line)
        proof = line.strip().removesuffix("|").split("|")[-1].strip() if row else ""
        named = re.findall(r"`([^`]+)`", proof)
        elsewhere = [name for name in re.findall(r"`([^`]+)`", line) if re.fullmatch(r"[A-Z]\w*\.[A-Z]\w*", name)]
        for name in sorted(set(named + elsewhere) - tests):
            complaints.append(f"docs/compliance.md:{number}: there is no test {name}")
        if not row or proof == "proven by":
            continue
        duties += 1
        if not named and not re.search(r"\b(planned|not yet)\b", proof):
            complaints.append(f"docs/compliance.md:{number}: name a test, or say 'planned' or 'not yet'")
    if not duties:
        complaints.append("docs/compliance.md: no duty is named")
    return complaints


def check_compliance():
    tests = set()
    for path in repository_files():
        if path.startswith("tests/") and (path.endswith(".cc") or path.endswith("CMakeLists.txt")):
            tests |= names_of_tests(path, (ROOT / path).read_text())
    return compliance_complaints((ROOT / "docs/compliance.md").read_text(), tests)


def check_repository(rule):
    floors = (ROOT / "docs/floors.txt").read_text()
    complaints = []
    if rule == "readme":
        return readme_complaints((ROOT / "README.md").read_text(), (ROOT / ".ci/run").read_text())
    if rule == "compliance":
        return check_compliance()
    for path in repository_files():
        suffix = pathlib.PurePath(path).suffix
        if rule == "names":
            complaints += name_complaints(path) if suffix in CODE else []
            continue
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        if rule == "floors" and suffix in (".cc", ".h"):
            complaints += floor_complaints(floors, path, text)
        elif rule == "lengths" and suffix in CODE:
            complaints += length_complaints(path, text)
        elif rule == "roles" and path.startswith("proto/assent/"):
            complaints += role_complaints(path, text)
        elif rule == "links" and suffix == ".md":
            complaints += link_complaints(path, text, lambda name: (ROOT / name).exists())
        elif rule == "paths":
            complaints += path_complaints(path, text)
    return complaints


def main():
    complaints = check_repository(sys.argv[1])
    print("\n".join(complaints) if complaints else f"{sys.argv[1]}: clean")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
