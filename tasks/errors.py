"""The errors that a person can do something about."""


class BadInput(Exception):
    """The user's input cannot be used. The message is one sentence: what, where, what to do.

    Ends a command with exit code 2; never retried.
    """


class StageFailed(Exception):
    """A stage could not do its work on good input. Ends a command with exit code 1."""
