# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sphinx: the documentation as HTML; `make docs`.

The source directory is the top of the tree, so that links between README, docs
and sources are the same here and where the sources are browsed.
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
source_tree = str(HERE.parents[1])
sys.path.insert(0, str(HERE))
sys.path.insert(
    0, os.path.join(os.environ.get("ROADTEST_BUILD", source_tree + "/build"), "python")
)

project = "roadtest"
author = "the roadtest authors"
project_copyright = author
extensions = ["myst_parser", "sphinx.ext.autodoc", "cheader", "names"]

root_doc = "docs/index"
include_patterns = ["README.md", "CONTRIBUTING.md", "docs/*.md", "docs/*.rst"]
exclude_patterns = ["build*", "agent", "bench", "cli", "lib", "suites", "tests", ".git"]
myst_heading_anchors = 3
# What a docstring or a header names must be there.
nitpicky = True
# libc's and the kernel's types are documented elsewhere
nitpick_ignore_regex = [("c:identifier", r"(?!road_).*")]

smartquotes = False
html_theme = "sphinx_rtd_theme"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "exclude-members": "Session",
    "ignore-module-all": True,
}
suppress_warnings = ["ref.python"]  # a type whose short name is that of two
autodoc_typehints_format = "short"

LINK = re.compile(r"\[([^]\n]*)\]\(([^)#\s]+)\)")


def drop_links_to_directories(app, docname, source):
    """Sources are offered as downloads; a directory can't be."""
    directory = Path(source_tree, docname).parent

    def replace(match):
        if (directory / match[2]).is_dir():
            return f"`{os.path.relpath(directory / match[2], source_tree)}`"
        return match[0]

    if app.env.doc2path(docname).endswith(".md"):
        source[0] = LINK.sub(replace, source[0])


def find_by_short_name(app, env, node, contnode):
    """In the package ``Device.with_irq`` is that of roadtest.device. Types of
    annotations that are documented nowhere here stay text."""
    if node.get("refdomain") != "py":
        return None
    domain, target = env.get_domain("py"), node["reftarget"].rpartition("roadtest.")[2]
    found = [name for name in domain.objects if name.endswith("." + target)]
    here = [n for n in found if n.startswith(f"{node.get('py:module')}.")]
    others = ("roadtest.rfc.", "roadtest._roadtest.")
    found = here or [n for n in found if not n.startswith(others)]
    if len(found) == 1:
        where = env.docname if "refdoc" not in node else node["refdoc"]
        return domain.resolve_xref(
            env, where, app.builder, node["reftype"], found[0], node, contnode
        )
    outside = node["reftype"] == "mod" and target in sys.stdlib_module_names
    return contnode if outside or "refexplicit" not in node else None


def setup(app):
    app.connect("missing-reference", find_by_short_name)
    app.add_config_value("source_tree", source_tree, "env")
    app.connect("source-read", drop_links_to_directories)
