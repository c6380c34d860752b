"""What Assay takes, and how often it is wrong.

`python -m benchmarks` measures the income example beside `bare.py`, a script that does the same by
hand; `benchmarks.gates` each gate beside its rivals; `benchmarks.stores` storing, verifying and
growing tables beside theirs; `benchmarks.living` scoring and monitoring; `benchmarks.operation` a
set-up of server and worker; `benchmarks.calibration` counts how often each gate is wrong.
"""

import os

# Whatever is measured keeps what it compiled, as a user's Python does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
