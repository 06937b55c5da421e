"""The batches of an endpoint, by the protocol it speaks."""

from __future__ import annotations

from assay.judges.errors import ConfigurationError
from assay.judges.models.batches.deferral import BATCH_PROTOCOLS
from assay.judges.models.batches.port import BatchApi
from assay.judges.models.batches.transfer import BatchTransfer
from assay.judges.models.endpoint import endpoint_of
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.protocols import protocol_of


def batch_api_of(place: EndpointSettings, model: str) -> BatchApi:
    """The batches of a model at an endpoint. Nothing is opened yet.

    Raises:
        ConfigurationError: the protocol has none, or the endpoint's settings cannot work.
    """
    if place.protocol not in BATCH_PROTOCOLS:
        raise ConfigurationError(
            f"endpoint {place.name}: protocol {place.protocol} has no batches here; judge without --batch"
        )
    protocol = protocol_of(place.protocol)
    transfer = BatchTransfer(endpoint_of(place, protocol, model), protocol.path(model))
    if place.protocol == "anthropic":
        from assay.judges.models.batches.anthropic_batches import AnthropicBatches

        return AnthropicBatches(transfer)
    from assay.judges.models.batches.openai_files import OpenAIBatches

    return OpenAIBatches(transfer)
