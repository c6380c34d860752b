"""The one place where models are pickled, and where pickles are read.

A model's bytes are a function of how it came to be only while it is freshly fitted: pickle
writes down which objects are shared, and loading changes that. So a model is dumped exactly
once, right after its fit, and never again after a load.
"""

from __future__ import annotations

import io
from typing import Any

from assay.errors import IntegrityError


def dump_model(model: Any) -> bytes:
    """The joblib bytes of a freshly fitted model, uncompressed so that no library's level of
    compression takes part in the digest. `joblib.load` reads them.
    """
    from assay.learning.stable_pickle import stable_pickle

    return stable_pickle(model)


def load_model(data: bytes) -> Any:
    """The model behind the bytes.

    Reading a pickle runs what it holds: call this only on bytes that the journal vouches for.
    Raises IntegrityError when they cannot be read in this environment.
    """
    import joblib

    try:
        return joblib.load(io.BytesIO(data))
    except Exception as error:
        raise IntegrityError(
            f"the model cannot be read here: {type(error).__name__}: {error}",
            remedy="Load it with the versions that its run record names, on a path where the "
            "estimator's own modules can be imported.",
        ) from error
