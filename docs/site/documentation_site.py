"""Builds the documentation site with Zensical and checks it: ``python -m docs.site.documentation_site``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from docs.site.built_pages import built_page_faults
from docs.site.page_sources import ROOT, SourceError, page_sources

BUILD = ROOT / "build" / "documentation"
SETTINGS = Path(__file__).parent / "zensical.toml"


def documentation_site(build: Path, program: str) -> list[str]:
    """Build the site into ``site`` below a folder, and return what is wrong with it, in a sentence each.

    Parameters
    ----------
    build
        Folder that is made anew.
    program
        Path of ``zensical``.

    Raises
    ------
    SourceError
        A link of a page leads to no file of the repository.
    """
    sources = page_sources()
    shutil.rmtree(build, ignore_errors=True)
    for name, content in sources.items():
        path = build / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copy(SETTINGS, build)
    done = subprocess.run(
        [program, "build", "--strict", "--config-file", str(build / SETTINGS.name)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        return [f"zensical: {line}" for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return list(built_page_faults((build / "site").resolve()))


def main() -> int:
    """Build the site into build/documentation/site; 1 when something is wrong with it."""
    program = Path(sys.executable).with_name("zensical")
    if not program.exists():
        print(f"there is no {program}; fix: make docs", file=sys.stderr)
        return 1
    try:
        faults = documentation_site(BUILD, str(program))
    except SourceError as error:
        faults = str(error).splitlines()
    for fault in faults:
        print(fault, file=sys.stderr)
    pages = len(list((BUILD / "site").rglob("*.html")))
    if not faults:
        print(f"{pages} pages: file://{BUILD}/site/index.html; with the search: python3 -m http.server -d {BUILD}/site")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
