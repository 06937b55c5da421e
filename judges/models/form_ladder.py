"""Which form is tried after one that was refused, not heeded, or that broke the endpoint: the strictest first.

The order on refusals that say nothing: token probabilities, the exact schema, the strict one, then the ways to ask for
JSON one after the other. Where nothing else is left, temperature and system message go as well, and the bound gets its
other name. Nothing here is remembered. What a person has set is left as it is, but for an exact schema that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.form_words import Feature, refused_feature
from assay.judges.models.request_form import JsonForm, RequestForm, ToolChoice

_NO_BOUND = "none"
"""The word in an endpoint's settings for a request without a bound."""

_SETTING: dict[Feature, str] = {"json_form": "form", "schema": "form", "tool_choice": "form"}
"""The setting of a feature, where it is not called the same."""

_NOT_EXACT: dict[str, object] = {"is_exact": False, "proven": False}
_LOOSE: dict[str, object] = {"is_loose": True, "is_exact": False, "proven": False}
"""What changes where the schema is sent in plain words."""


class FormLadder:
    """The forms of one endpoint."""

    def __init__(self, rungs: Sequence[JsonForm], settings: EndpointSettings, *, may_try_exact: bool = False) -> None:
        """Keep them.

        Args:
            rungs: how the protocol can ask for JSON, strictest first.
            settings: of the endpoint. What is set there is never given up.
            may_try_exact: whether the exact schema may be tried without being set.
        """
        self._rungs = tuple(rungs) if settings.form is None else (settings.form,)
        self._settings, self._may_try_exact = settings, may_try_exact
        self._fixed: dict[str, object] = {
            name: value for name, value in _set_features(settings).items() if value is not None
        }

    @property
    def forced(self) -> str:
        """What is set, in a word that tells settings apart. Empty: nothing."""
        return ",".join(f"{name}={value}" for name, value in self._fixed.items())

    def first(self) -> RequestForm:
        """The strictest form."""
        return RequestForm(json_form=self._rungs[0]).model_copy(update=self._fixed)

    @property
    def may_try_exact(self) -> bool:
        """Whether the exact schema may be tried: it may not where it is set, or another way to ask for JSON is."""
        return self._may_try_exact and "is_exact" not in self._fixed and self._rungs[0] is JsonForm.SCHEMA

    def without_refused(self, form: RequestForm, status: int, complaint: str) -> RequestForm | None:
        """The form without the feature that a refusal names. None: it names none, or one that is set."""
        feature = refused_feature(form, status, complaint)
        if feature is None or feature in self._fixed:
            return None
        if feature == "token_field":
            return self._renamed(form)
        if form.is_exact and feature in ("schema", "json_form"):
            return form.model_copy(update=_NOT_EXACT)
        return (
            self.looser(form) if feature == "json_form" else form.model_copy(update=_left_out(form, feature, complaint))
        )

    def simpler(self, form: RequestForm, *, was_taken: bool, wants_tokens: bool = False) -> RequestForm | None:
        """The form to try after a refusal that says nothing. None: there is none.

        Args:
            form: the form that was refused.
            was_taken: a request of the same call was taken already: only the way to ask for JSON can be at fault.
            wants_tokens: the call is worth nothing without token probabilities.
        """
        if was_taken:
            return self.looser(form)
        if form.logprobs and "logprobs" not in self._fixed and not wants_tokens:
            return form.model_copy(update={"logprobs": False, "proven": False})
        if form.is_exact:
            return form.model_copy(update=_NOT_EXACT)
        if form.json_form is JsonForm.SCHEMA and not form.is_loose:
            return form.model_copy(update=_LOOSE)
        return self.looser(form) or self._barer(form)

    def looser(self, form: RequestForm) -> RequestForm | None:
        """The form that asks for JSON in the next weaker way."""
        place = self._rungs.index(form.json_form) + 1 if form.json_form in self._rungs else len(self._rungs)
        if place == len(self._rungs):
            return None
        return form.model_copy(update={"json_form": self._rungs[place], "is_exact": False, "proven": False})

    def stricter(self, form: RequestForm) -> RequestForm | None:
        """What is worth trying again after a while: the strict schema, else all that was left out. None: it has all."""
        first = self.first()
        if form.json_form is not first.json_form or form.is_loose:
            update: dict[str, object] = {"json_form": first.json_form, "is_loose": False, "tool_choice": "named"}
        else:
            update = {name: getattr(first, name) for name in ("logprobs", "temperature", "system_role")}
        stricter = form.model_copy(update={**update, "proven": False})
        return None if stricter == form.model_copy(update={"proven": False}) else stricter

    def after_crashes(self, form: RequestForm, crashes: int, *, wants_tokens: bool = False) -> RequestForm:
        """The form to try after the endpoint broke in the same form that often. Once may have been an outage.

        A call that wants token probabilities does not ask for JSON: there is nothing to leave out.
        """
        if crashes < 2 or len(self._rungs) == 1 or wants_tokens:
            return form
        update = {"json_form": self._rungs[1 if crashes == 2 else -1], "is_exact": False, "proven": False}
        return form.model_copy(update=update | ({} if "logprobs" in self._fixed else {"logprobs": False}))

    def remedy(self, form: RequestForm, status: int, complaint: str) -> str:
        """Which setting is at fault. Empty: none is."""
        feature = refused_feature(form, status, complaint)
        setting = "" if feature is None else _SETTING.get(feature, feature)
        is_set = feature in self._fixed or (setting == "form" and self._settings.form is not None)
        return f"setting {setting} of this endpoint is what it refuses: change it or leave it out" if is_set else ""

    def _barer(self, form: RequestForm) -> RequestForm | None:
        """The form with nothing but what no server can do without."""
        left = {name: False for name in ("temperature", "system_role") if name not in self._fixed}
        bare = form.model_copy(update={**left, "proven": False})
        return bare if bare != form.model_copy(update={"proven": False}) else self._renamed(form)

    def _renamed(self, form: RequestForm) -> RequestForm | None:
        """The form with the other name of the bound. It has one only once: the bound itself is never given up."""
        if "token_field" in self._fixed or form.token_field != "max_tokens":  # noqa: S105  # a field name
            return None
        return form.model_copy(update={"token_field": "max_completion_tokens"})


def _set_features(settings: EndpointSettings) -> dict[str, object]:
    """The features of a form that a person has set. None: not set."""
    return {
        "json_form": settings.form,
        "token_field": "" if settings.token_field == _NO_BOUND else settings.token_field,
        "logprobs": settings.logprobs,
        "temperature": settings.temperature,
        "is_exact": settings.exact_schema,
        "system_role": None if settings.system_role else False,
    }


def _left_out(form: RequestForm, feature: Feature, complaint: str) -> dict[str, object]:
    """What leaving a feature out changes of a form."""
    match feature:
        case "schema":
            return _LOOSE
        case "tool_choice":
            return {"tool_choice": _next_choice(form, complaint)}
    return {feature: False}


def _next_choice(form: RequestForm, complaint: str) -> ToolChoice:
    """Any function, where the endpoint says that it takes that word. Else it is left to the model."""
    return "required" if form.tool_choice == "named" and "required" in complaint else "auto"
