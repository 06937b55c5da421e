"""A sink that takes results by OTLP and shows nothing back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from assay.worker.otlp.forms import ResultForm
from assay.worker.otlp.sending import ResultSender
from assay.worker.ports.capabilities import Examination
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StorePartlyRejected, StoreRejected
from assay.worker.records.scores import Score, ScoreKey


class OtlpSink:
    """Sends each score as a span, as an event, or as both. Nobody can tell by it whether a score arrived."""

    def __init__(self, sender: ResultSender, *, title: str, project: str, forms: Iterable[ResultForm]) -> None:
        """Keep the parts.

        Args:
            sender: sends.
            title: what people call the backend.
            project: the stable id of the place that scores go to.
            forms: in which forms they go.
        """
        self._sender = sender
        self._title = title
        self._project = project
        self._forms = frozenset(forms)

    async def project_id(self) -> str:
        """The place that scores go to: where its address leads."""
        return self._project

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Send scores; a repeat sends the same spans again. A return means that the server took them.

        Spans go first: they ask more of a score than events do, so what cannot be sent is refused before half is.

        Raises:
            StoreUnavailable
            StorePartlyRejected: the server has all but some of them; nothing is sent again for that.
            StoreRejected: a score that no span can carry, or that the server refused.
        """
        if not scores:
            return
        refused: StorePartlyRejected | None = None
        for form, send in (("spans", self._sender.send_spans), ("events", self._sender.send_events)):
            try:
                if form in self._forms:
                    await send(scores)
            except StorePartlyRejected as exc:  # the other form has its turn all the same
                refused = exc
        if refused is not None:
            raise refused

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:  # the port's
        """None: this backend cannot be asked."""
        return {}

    async def examine(self, examination: Examination) -> AsyncIterator[Check]:  # a score needs a trace
        """Whether the server takes an empty request in each form: the protocol lets it agree to one."""
        try:
            refusal = await self._sender.send_nothing(spans="spans" in self._forms, events="events" in self._forms)
        except (StoreAccessDenied, StoreRejected) as exc:
            remedy = "check the key, and that the backend takes this signal (results_as in assay.yaml)"
            yield Check(name=self._title, status="fail", message=str(exc), remedy=remedy, is_configuration=True)
        except StoreBusy as exc:
            remedy = "run doctor again in a minute"
            yield Check(name=self._title, status="warn", message=f"not examined: {exc}", remedy=remedy)
        except StoreError as exc:
            remedy = "check the address, and that this machine may reach it"
            yield Check(name=self._title, status="fail", message=str(exc), remedy=remedy)
        else:
            if refusal:
                yield empty_refused(self._title, refusal)
                return
            forms = " and ".join(sorted(self._forms))
            message = f"takes {forms}; it cannot be asked, so nobody can tell whether a score arrived"
            yield Check(name=self._title, status="ok", message=message)

    async def close(self) -> None:
        """Close the connections."""
        await self._sender.close()


def empty_refused(name: str, refusal: str) -> Check:
    """Of a server that is there and refuses empty requests: whether it takes results nobody can tell by that."""
    message = f"it is reached, and refuses an empty request: {refusal}"
    remedy = "nothing, where the backend takes no empty requests; look for refused scores after the first sweep"
    return Check(name=name, status="warn", message=message, remedy=remedy)
