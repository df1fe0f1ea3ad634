"""OpenVINO and NNCF without their telemetry.

`import openvino` by itself reports to the vendor's analytics unless a consent file forbids it, and
NNCF reports every quantization. Both do without the package `openvino_telemetry` where it cannot
be imported, so it is made so. Import this module before either.
"""

import sys

# Python's own way to say that a module is not there: importing it raises ModuleNotFoundError.
sys.modules["openvino_telemetry"] = None
