"""What ends a command: one line on stderr and an exit status."""

from __future__ import annotations

import re

FAILED, USAGE, INTERRUPTED = 1, 2, 130

# The options through which a command sets the arguments that the library's errors name.
_OPTIONS = {
    "y0": "--y0",
    "params": "--param",
    "dt": "--dt",
    "rtol": "--rtol",
    "atol": "--atol",
    "first_step": "--first-step",
    "max_step": "--max-step",
    "max_steps": "--max-steps",
    "controller": "--controller",
    "seed": "--seed",
    "rng": "--seed",
    "method": "--method",
    "dtype": "--dtype",
    "device": "--device",
    "t_span": "--t-end",
    "t_eval": "--save-every",
    "t_transient": "--t-transient",
    "t_total": "--t-total",
    "qr_every": "--qr-every",
    "k": "--k",
}
_STEP_OPTIONS = re.compile(r"\b(first_step|max_steps?|t_total)\b")
_ARGUMENT = re.compile(rf"({'|'.join(_OPTIONS)})(?=[:\[])")


class UsageError(ValueError):
    """Something in the command that the user can correct; the message says how."""


class RunError(RuntimeError):
    """A run that was asked for correctly and came to nothing."""


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks, its argument named by the option that sets it."""
    text = " ".join(str(error).split()) or type(error).__name__
    text = text.replace('device="cpu"', "--device cpu")
    named = _ARGUMENT.match(text)
    if named is None:
        return text
    return _OPTIONS[named.group()] + _STEP_OPTIONS.sub(_as_option, text[named.end() :])


def _as_option(name: re.Match[str]) -> str:
    return f"--{name[0].replace('_', '-')}"


def is_about_an_option(error: BaseException) -> bool:
    """Whether an error names an argument that an option sets."""
    return _ARGUMENT.match(str(error)) is not None
