"""Great Expectations' own Data Docs, for those who know them: a static site, without a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from assay.errors import OutputError
from assay.gates.validation import gx_validator
from assay.gates.validation.gate import ValidationResult

# GX's pages fetch styles, scripts and pictures from five hosts. Without them the tables remain,
# and this gives them their form.
_STYLE: Final = """
<style>
body { font-family: sans-serif; margin: 1.5rem; line-height: 1.4; }
table { border-collapse: collapse; margin: .5rem 0; }
td, th { border: 1px solid #999; padding: .3rem .6rem; text-align: left; vertical-align: top; }
.badge { border: 1px solid #999; border-radius: .3rem; padding: 0 .3rem; }
</style>
"""
_REMOTE_ASSETS: Final = re.compile(
    r"<script[^>]*\bsrc=[\x22']https?:[^>]*>\s*</script>"
    r"|<link[^>]*\bhref=[\x22']https?:[^>]*>"
    r"|<img[^>]*\bsrc=[\x22']https?:[^>]*>"
    r"|url\([\x22']?https?:[^)]*\)",
    re.IGNORECASE,
)


def write_data_docs(folder: Path, validation: ValidationResult, subject: str) -> Path:
    """Write GX's site about the suite and its result below `folder`; returns its first page.

    Raises OutputError where the folder cannot be written.
    """
    with gx_validator.silence_gx():
        context = gx_validator.create_context()
        suite, result = _suite_and_result(validation, subject)
        _store(context, suite, result)
        try:
            _build(context, folder)
            for page in [*folder.rglob("*.html"), *folder.rglob("*.css")]:
                page.write_text(
                    _without_remote_assets(page.read_text(encoding="utf-8")), encoding="utf-8"
                )
        except OSError as error:
            raise OutputError(
                f"cannot be written: {error.strerror}",
                where=str(folder),
                remedy="Name a folder that you may write to.",
            ) from None
    return folder / "index.html"


def _suite_and_result(validation: ValidationResult, subject: str) -> tuple[Any, Any]:
    """The suite and its result, as GX keeps them."""
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )

    suite = gx.ExpectationSuite(
        subject, expectations=[r.expectation_config.to_domain_obj() for r in validation.results]
    )
    passed = sum(bool(result.success) for result in validation.results)
    total = len(validation.results)
    statistics = {
        "evaluated_expectations": total,
        "successful_expectations": passed,
        "unsuccessful_expectations": total - passed,
        "success_percent": 100 * passed / total if total else None,
    }
    result = ExpectationSuiteValidationResult(
        success=passed == total,
        results=list(validation.results),
        suite_name=subject,
        statistics=statistics,
        meta={"great_expectations_version": gx.__version__, "active_batch_definition": {}},
    )
    return suite, result


def _store(context: Any, suite: Any, result: Any) -> None:
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    context.suites.add(suite)
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(suite.name),
        run_id=RunIdentifier(run_name="assay"),
        batch_identifier="table",
    )
    result.meta["run_id"] = key.run_id
    context.validation_results_store.set(key, result)


def _build(context: Any, folder: Path) -> None:
    backend = {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": str(folder.absolute()),
    }
    site = {
        "class_name": "SiteBuilder",
        "store_backend": backend,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site("assay", site)
    context.build_data_docs(site_names=["assay"])


def _without_remote_assets(page: str) -> str:
    return _REMOTE_ASSETS.sub("", page).replace("</head>", f"{_STYLE}</head>", 1)
