"""What scikit-learn asks of an estimator, without loading it: a fit of a few milliseconds does not wait a second."""

from __future__ import annotations

import inspect
from typing import Any, Self


class Estimator:
    """Parameters by name, as in scikit-learn; subclasses store each argument of ``__init__`` under its own name."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return sorted(name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "kwargs"))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with ``deep`` also those of estimators among them, as ``name__parameter``."""
        found: dict[str, Any] = {}
        for name in self._parameter_names():
            value = getattr(self, name)
            found[name] = value
            if deep and hasattr(value, "get_params") and not isinstance(value, type):
                found.update({f"{name}__{inner}": part for inner, part in value.get_params().items()})
        return found

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``name__parameter`` reaches into an estimator among them."""
        known = self.get_params(deep=False)
        for name, value in params.items():
            own, _, inner = name.partition("__")
            if own not in known:
                raise ValueError(
                    f"Invalid parameter {own!r} for estimator {self!r}. Valid parameters are: {sorted(known)!r}."
                )
            if inner:
                getattr(self, own).set_params(**{inner: value})
            else:
                setattr(self, own, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        shown = []
        for name in self._parameter_names():
            value = getattr(self, name)
            default = defaults[name].default
            if not (value is default or (type(value) is type(default) and repr(value) == repr(default))):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def _require_fitted(self) -> None:
        if not hasattr(self, "coef_") and not self.__sklearn_is_fitted__():
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' before using this method."
            )

    def __sklearn_tags__(self) -> Any:
        """Called by scikit-learn alone."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False))
