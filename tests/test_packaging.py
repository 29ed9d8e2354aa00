"""What is installed is what is in the tree, and it works away from it."""

import ast
import json
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from arrows import FRONT_DOOR, arrows, modules, package, room

from guided_profile.apps.platforms import langgraph_graphs
from guided_profile.graph.tasks import builtin_tasks

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def packages() -> list[Path]:
    """Return the folders that are packages, and those within them."""
    tops = [one.parent for one in ROOT.glob("*/__init__.py")]
    return [one.parent for top in tops for one in top.rglob("__init__.py")]


def dotted(folder: Path) -> str:
    """Return the name that a folder is imported by."""
    inner = folder.relative_to(ROOT).parts
    return ".".join(["guided_profile", *(() if inner == (FRONT_DOOR,) else inner)])


def data_folders() -> list[Path]:
    """Return the folders within the packages that hold data alone, beside their own results."""
    within = {path.parent for top in packages() for path in top.glob("*/*.*")}
    return [one for one in within - set(packages()) if one.name not in ("__pycache__", "results")]


CHECKOUT_ONLY = ("evals.benches", "evals.peers")
"""What the wheel leaves out."""


def in_checkout_only(module: str) -> bool:
    name = module.removeprefix("guided_profile.")
    return any(f"{name}.".startswith(f"{one}.") for one in CHECKOUT_ONLY)


def test_every_package_of_the_tree_is_named_in_the_project_file() -> None:
    setuptools = PROJECT["tool"]["setuptools"]
    found = {dotted(one) for one in [*packages(), *data_folders()]}
    assert {one for one in found if not in_checkout_only(one)} == set(setuptools["packages"])
    tops = [one for one in packages() if one.parent == ROOT]
    assert setuptools["package-dir"] == {dotted(one): one.name for one in tops}


def test_type_checkers_see_the_tree_under_its_own_name() -> None:
    shown = {one.name: one.resolve() for one in (ROOT / ".types" / "guided_profile").iterdir()}
    inner = {one.name: one for one in packages() if one.parent == ROOT and one.name != FRONT_DOOR}
    names = ("__init__.py", "client.py", "py.typed")
    front = {name: ROOT / FRONT_DOOR / name for name in names}
    assert shown == inner | front
    assert all(path.exists() for path in shown.values())


def test_langgraph_server_has_a_graph_for_any_task_and_one_for_each_builtin_task() -> None:
    graphs = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
    assert all(graph["description"] for graph in graphs.values())
    named = {name: graph["path"] for name, graph in graphs.items()}
    assert named == {
        name: f"guided_profile.apps.platforms.langgraph_graphs:{name}"
        for name in ("guided_profile", *builtin_tasks())
    }
    # Aegra takes no descriptions, and reads its own file first
    assert json.loads((ROOT / "aegra.json").read_text())["graphs"] == named
    assert all(callable(getattr(langgraph_graphs, name)) for name in named)


def test_init_files_hold_a_docstring_and_nothing_else_but_for_the_front_door() -> None:
    long = {
        folder.name
        for folder in packages()
        if len((folder / "__init__.py").read_text().strip().splitlines()) != 1
    }
    assert long == {FRONT_DOOR}


WHOLE = {"graph.build", "graph.profile"}
"""What puts the nodes together, and what asks that whole for a profile; graph has leaves beside."""
MAY_IMPORT = {
    "graph": {"graph"},
    "graph.build": {"graph", "nodes", "tools"},
    "graph.profile": {"graph", "graph.build"},
    "tools": {"graph", "tools"},
    "nodes": {"graph", "tools", "nodes"},
    "evals": {"graph", *WHOLE, "tools", "evals"},
    "apps": {"graph", *WHOLE, "tools", "nodes", "evals", "apps"},
    FRONT_DOOR: {"graph", *WHOLE, "tools", "apps"},  # and nothing goes through it
}
MEASURE = {
    f"apps.cli.{name}"
    for name in (
        "eval",
        "eval_by_length",
        "eval_experiments",
        "eval_judge",
        "eval_online",
        "tune",
        "examples",
    )
}
"""The commands that measure; nothing else of the product holds what measures it."""


def top(name: str) -> str:
    return name if name in WHOLE else name.partition(".")[0]


def test_imports_run_one_way() -> None:
    back = {(one, other) for one, other in arrows() if top(other) not in MAY_IMPORT[top(one)]}
    assert not back, "these run against apps → graph.build → nodes → tools → graph"


SHARED = {"nodes.stage", "nodes.resources", "nodes.asking"}
"""What a stage is, what each is handed, and how it asks the user; all may import them."""


def test_a_stage_does_not_know_of_another() -> None:
    between = {pair for pair in arrows() if {top(one) for one in pair} == {"nodes"}}
    others = {(one, other) for one, other in between if other not in SHARED}
    assert not others, "what two nodes share belongs to nodes/stage.py, nodes/resources.py or tools"


def test_only_the_commands_that_measure_know_of_evals() -> None:
    who = {one for one, other in arrows() if top(one) == "apps" and top(other) == "evals"}
    assert who <= MEASURE, "what is not only for measuring belongs to tools"


def test_what_the_wheel_has_does_without_what_it_leaves_out() -> None:
    out = {pair for pair in arrows() if in_checkout_only(pair[1]) and not in_checkout_only(pair[0])}
    assert out == {("evals.catalogue", "evals.peers.method")}  # which says what is missing


@pytest.mark.parametrize(("within", "part"), [("tools", room), ("apps", package), ("evals", room)])
def test_no_import_runs_back_between_the_packages_of(
    within: str, part: Callable[[str], str]
) -> None:
    needs: dict[str, set[str]] = {}
    for one, other in arrows():
        if top(one) == top(other) == within and part(one) != part(other):
            needs.setdefault(part(one), set()).add(part(other))
    assert len(needs) > 3
    TopologicalSorter(needs).prepare()  # a CycleError tells the circle


@pytest.mark.filterwarnings("default")
def test_the_wheel_of_the_sdist_works_from_another_folder(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(tmp_path)]
    built = subprocess.run([*build, str(ROOT)], check=True, capture_output=True, timeout=120)
    assert b"absent from" not in built.stdout + built.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    own = {"langgraph.json", "aegra.json", "constraints.txt", "Makefile", "docs/README.md"}
    assert own <= files
    wheel = next(tmp_path.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    assert {name.split("/")[0].split("-")[0] for name in names} == {"guided_profile"}
    left_out = tuple(f"guided_profile/{one.replace('.', '/')}/" for one in CHECKOUT_ONLY)
    assert not [name for name in names if name.startswith(left_out)]
    assert {f"{folder.removeprefix('guided_profile/')}__init__.py" for folder in left_out} <= files
    assert (tmp_path / "site" / "guided_profile" / "py.typed").exists()
    # -S: the editable install of this tree is not on the path, its dependencies are
    code = (
        f"import sys; sys.path[:0] = {[str(tmp_path / 'site'), sysconfig.get_path('purelib')]!r}\n"
        "from guided_profile.apps.cli.demo import people\n"
        "from guided_profile.apps.cli.main import main\n"
        "import guided_profile\n"
        "from guided_profile import build_graph, open_graph\n"
        "for file in (guided_profile.__file__, build_graph.__code__.co_filename):\n"
        f"    assert file.startswith({str(tmp_path)!r}), file\n"
        f"assert guided_profile.__version__ == {PROJECT['project']['version']!r}\n"
        "assert len(people()) == 3\n"
        "from guided_profile.tools.evidence.calibration import calibration_of\n"
        "assert calibration_of('a model of nobody').weights\n"
        "from importlib.resources import files\n"
        "assert (files('guided_profile.evals.report') / 'report.css').is_file()\n"
        "from guided_profile.apps.cli.examples import authored\n"
        "assert authored('preference')\n"
        "for methods, status in (('random', 0), ('random,mem0', 2)):\n"
        "    given = ['eval', '--methods', methods, '--n', '2', '--out', methods]\n"
        "    assert main(given) == status\n"
        "sys.exit(main(['tasks']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "preference (choice)" in done.stdout
    assert (tmp_path / "random" / "report.html").is_file()
    (told,) = (line for line in done.stderr.splitlines() if "mem0" in line)
    assert "in a checkout of the project run `pip install -e" in told


def test_the_graph_is_imported_without_what_is_slow_to_import() -> None:
    program = (
        "import sys, guided_profile.graph.build;"
        "print([one for one in ('chromadb', 'openai', 'onnxruntime', 'fastapi', 'langchain')"
        " if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


POSIX = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
"""What Python has on Linux and macOS alone."""


def test_everything_is_imported_on_windows_too() -> None:
    posix = {
        (name, found.name)
        for name, path in modules().items()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import)
        for found in node.names
        if found.name in POSIX
    }
    assert not posix, "import it where it is used, or use what every system has"
