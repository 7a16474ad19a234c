"""What every picture worker has loaded. The fork server imports it once, for all of them."""

from __future__ import annotations

import importlib
import os

_MODULES = ("bot.imaging.deliver", "bot.imaging.finish", "bot.imaging.masks")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

for _variable in _ONE_THREAD:
    os.environ.setdefault(_variable, "1")  # noqa: TID251 - numpy's libraries read it when they are loaded
for _module in _MODULES:
    importlib.import_module(_module)
