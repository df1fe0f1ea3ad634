"""Writes the class from the command line."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[3])]

from made_class.writing import write_class  # noqa: E402

write_class(Path(sys.argv[1]))
