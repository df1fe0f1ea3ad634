"""Gradescope: an autograder zip that hands out stored grades, and the rubric as CSV.

Gradescope has no public API, and an autograder's container would hold the hidden checks beside
the student's code. So the grading is done here, and the zip gives each submission the result that
was stored for exactly its files.
"""
