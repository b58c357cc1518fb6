from __future__ import annotations

import sys
from pathlib import Path

# The benchmarks are scripts beside the package and are installed nowhere.
sys.path.append(str(Path(__file__).parents[3]))
