"""Canvas: rubrics, assignments and grades, brought to what they should be and no further.

Everything is planned before anything is changed; a plan that is applied twice changes nothing the
second time.
"""
