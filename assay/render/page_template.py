"""How every HTML page is filled in: text escaped and printable, and one stylesheet for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from assay.render.stylesheet import read_stylesheet
from assay.util.printable_text import printable_text


def load_template(package: str, name: str, names: Mapping[str, Any], *, own_css: str = "") -> Any:
    """The Jinja template `name` of a package's folder, which also sees `names` and, as `css`, the
    shared stylesheet with `own_css` after it. A name that nobody gave is an error.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only pages need it

    environment = Environment(
        loader=PackageLoader(package, ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable_value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = Markup(read_stylesheet() + own_css)  # noqa: S704 - our own files
    environment.globals |= {"css": css, **names}
    return environment.get_template(name)


def _printable_value(value: Any) -> Any:
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable_text(value) if is_text else value
