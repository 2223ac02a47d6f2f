"""What torch.compile raises (torch._dynamo.exc)."""

__all__ = ["InvalidBackend", "TorchDynamoException"]


class TorchDynamoException(RuntimeError):
    """The base of all of them."""


class InvalidBackend(TorchDynamoException):
    """A backend of this name is not there."""

    def __init__(self, name):
        super().__init__(f"Invalid backend: {name!r}, see `torch._dynamo.list_backends()` for available backends.")
