"""Parsing Python in one thread at a time.

`ast.parse` of CPython 3.11 counts its depth for all threads together, and where two parse at once
it may end in "SystemError: AST constructor recursion depth mismatch".
"""

import threading

ONE_AT_A_TIME = threading.RLock()
"""Held by whoever parses Python, also within a library."""
