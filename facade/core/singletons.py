"""Objects of which there is one of each name, such as a dtype or a layout: printed as torch's, never copied."""


class Singleton:
    """The only object of its name; `name` is set by the class below."""

    __slots__ = ()

    def __repr__(self):
        return f"torch.{self.name}"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self
