"""What `import guided_profile` gives: the public names, its own program, and next to no waiting."""

import ast
import doctest
import json
import pydoc
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from endpoint import Endpoint

import guided_profile

ROOT = Path(__file__).parent.parent
CODE = ast.parse((ROOT / "package" / "__init__.py").read_text())
PUBLIC = sorted(set(guided_profile.__all__) - {"__version__"})


def printed(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_it_loads_nothing_but_itself() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import guided_profile, json\n"
        "dir(guided_profile)\n"
        "print(json.dumps(sorted({one.partition('.')[0] for one in set(sys.modules) - before})))"
    )
    loaded = set(json.loads(printed(program)))
    assert "guided_profile" in loaded
    assert loaded - sys.stdlib_module_names == {"guided_profile"}
    assert not loaded & {"langgraph", "chromadb", "pydantic"}


def test_it_does_not_even_read_what_is_installed() -> None:
    loads = "import sys, guided_profile; print('importlib.metadata' in sys.modules)"
    assert printed(loads) == "False\n"


def test_its_names_are_those_of_the_modules_that_the_type_checkers_are_shown() -> None:
    (seen,) = (one for one in CODE.body if isinstance(one, ast.If) and _is_for_checkers(one.test))
    shown = {
        name.name: one.module
        for one in seen.body
        if isinstance(one, ast.ImportFrom)
        for name in one.names
    }
    assert sorted(shown) == PUBLIC
    for name, module in shown.items():
        assert getattr(guided_profile, name) is getattr(sys.modules[str(module)], name)


def _is_for_checkers(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def test_its_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert guided_profile.__version__ == project["version"]


def test_help_and_completion_show_the_public_names_alone() -> None:
    assert set(dir(guided_profile)) == set(guided_profile.__all__)
    told = pydoc.render_doc(guided_profile, renderer=pydoc.plaintext)
    for name in PUBLIC:
        assert re.search(rf"^    (class )?{name}\b", told, re.MULTILINE), name


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="'guided_profile' has no attribute 'open_grpah'"):
        _ = guided_profile.open_grpah
    with pytest.raises(ImportError, match="cannot import name 'open_grpah'"):
        from guided_profile import open_grpah  # noqa: F401


def test_without_langchain_all_but_the_middleware_is_there() -> None:
    program = (
        "import sys; sys.modules['langchain'] = None\n"
        "import guided_profile, pydoc\n"
        "assert 'GuidedProfileMiddleware' not in dir(guided_profile)\n"
        "pydoc.render_doc(guided_profile)\n"
        "try:\n"
        "    from guided_profile import GuidedProfileMiddleware\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    assert printed(program) == (
        "langchain is not installed; install it with pip install 'guided-profile[agent]'.\n"
    )


def test_the_program_that_it_shows_prints_what_it_says(
    endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(endpoint, "answer", "My cat is called Miso.")  # as the embedded model says
    ran = doctest.testmod(guided_profile)
    assert ran.attempted >= 3
    assert ran.failed == 0


def test_the_programs_of_the_readme_need_no_other_door() -> None:
    programs = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    asked = {
        one.module
        for program in programs
        for one in ast.walk(ast.parse(program))
        if isinstance(one, ast.ImportFrom) and "guided_profile" in str(one.module)
    }
    assert asked == {"guided_profile"}
