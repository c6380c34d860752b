"""Fits and answers in one thread, so that the same inputs give the same bits.

Sums that several threads share are added up in another order each time, and floating-point
addition depends on the order. The search fits in several processes instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import joblib
from threadpoolctl import threadpool_limits

# What scikit-learn, XGBoost, LightGBM and CatBoost call their number of threads.
_THREAD_PARAMETERS: Final = frozenset(
    {
        "n_jobs",
        "nthread",
        "nthreads",
        "n_threads",
        "num_thread",
        "num_threads",
        "thread_count",
    }
)


@contextmanager
def one_thread() -> Iterator[None]:
    """Whatever computes within does so in one thread: native libraries, and joblib's workers."""
    with threadpool_limits(1), one_joblib_worker():
        yield


@contextmanager
def one_joblib_worker() -> Iterator[None]:
    """Joblib takes no second worker, whatever `n_jobs` an estimator asks it for."""
    with joblib.parallel_config(backend="sequential"):
        yield


def limit_to_one_thread(estimator: Any) -> Any:
    """Set every parameter for threads to one: the estimator's own and those of estimators in it.

    A scikit-learn estimator that leaves `n_jobs` at None has one already, and keeps None.
    """
    parameters = estimator.get_params(deep=True)
    for owner, prefix in _estimators(estimator, parameters):
        native = type(owner).__module__.startswith("sklearn.")
        for name in sorted(_THREAD_PARAMETERS & _parameter_names(owner)):
            value = parameters.get(prefix + name)
            if value != 1 and not (native and value is None):
                estimator.set_params(**{prefix + name: 1})
    return estimator


def _estimators(estimator: Any, parameters: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    """The estimator and all within it, each with the prefix of its parameters."""
    yield estimator, ""
    for name, value in parameters.items():
        if hasattr(value, "get_params") and not inspect.isclass(value):
            yield value, f"{name}__"


def _parameter_names(estimator: Any) -> set[str]:
    """Parameters that it has, those that `get_params` leaves out while they are unset included."""
    return {*estimator.get_params(deep=False), *inspect.signature(type(estimator)).parameters}
