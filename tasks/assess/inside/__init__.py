"""What runs inside the sandbox, beside the student's code: numpy, the standard library, no judging.

Labels, thresholds and right answers stay outside; operations only call what the student wrote and
hand back arrays. Imports are relative, so that the folder works as a package of any name.
"""
