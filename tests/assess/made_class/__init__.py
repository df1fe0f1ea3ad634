"""A class of 30 submissions, written by small edits of the reference framework.

python tests/assess/made_class FOLDER writes them all, with a roster that names them.
"""
