"""The machine behind the interface: nothing here has a counterpart in torch."""
