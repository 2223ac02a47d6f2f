"""How long statements take (torch.utils.benchmark). Every run is computed to its end, so what is measured is recording and computing."""

from facade.utils.benchmark.utils.common import Measurement, TaskSpec
from facade.utils.benchmark.utils.compare import Compare
from facade.utils.benchmark.utils.timer import Language, Timer, timer

__all__ = ["Compare", "Language", "Measurement", "TaskSpec", "Timer", "timer"]
