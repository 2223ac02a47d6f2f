"""The worker processes of a loader, seen from the main process.

Each worker has a queue of questions and a pipe of answers, and answers in the order in which it was asked. The main process waits for a pipe
and for the death of any worker at the same time, so that a killed worker is reported at once and nobody waits for ever.
"""

import itertools
import os
import time
from collections import deque
from multiprocessing.connection import wait
from pickle import PicklingError

from facade.core import engine
from facade.core.warn import warn
from facade.utils.data._utils import parcel
from facade.utils.data._utils.worker import MP_STATUS_CHECK_INTERVAL, worker_loop

_UNPICKLABLE = ("Got pickle error when attempting to start a worker Process. This might be because the worker Process arguments are not picklable. "
                "Python 3.14+ changed the multiprocessing start method in non-Mac POSIX platforms to 'forkserver', which requires the worker Process "
                "arguments to be picklable. You can also try multiprocessing.set_start_method('fork').")


class Hand:
    """One worker: its process, the queue of its questions, the pipe of its answers, and how many answers it owes; active until it is done."""

    def __init__(self, context, job, worker_id):
        self.id, self.active, self.owes = worker_id, True, 0
        self.questions = context.Queue()
        self.questions.cancel_join_thread()
        self.answers, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=worker_loop, args=(job, worker_id, self.questions, theirs), daemon=True)
        try:
            self.process.start()
        except (TypeError, AttributeError, PicklingError):
            warn(_UNPICKLABLE)
            raise
        finally:
            theirs.close()      # here, so that the pipe breaks when the worker dies

    def ask(self, question):
        """Put a question; the answer comes when it comes."""
        self.questions.put(question)
        self.owes += 1

    def hear(self):
        """The next answer, which has to be there."""
        self.owes -= 1
        return parcel.unpack(self.answers.recv_bytes())


class Workforce:
    """All the workers of a loader. directory: the depot for large answers."""

    def __init__(self, context, job, timeout):
        self.directory, self.timeout, self.hands, self.owner = job.directory, timeout, [], os.getpid()
        try:
            with engine.forking():
                for worker_id in range(job.num_workers):
                    self.hands.append(Hand(context, job, worker_id))
        except BaseException:
            self.dismiss()
            raise
        self.cycle = itertools.cycle(self.hands)

    def next_active(self, most):
        """The next worker in turn that is active and owes less than its share of `most` answers; None if there is none."""
        share = most // max(1, sum(hand.active for hand in self.hands))
        return next((hand for hand in itertools.islice(self.cycle, len(self.hands)) if hand.active and hand.owes < share), None)

    def answering(self, hands):
        """One of these workers whose answer is there; RuntimeError if any worker has died, or it takes too long."""
        pipes = {hand.answers: hand for hand in hands}
        deaths = {hand.process.sentinel: hand for hand in self.hands if hand.active}
        ready = wait([*pipes, *deaths], self.timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")
        for hand in hands:
            if hand.answers in ready:
                return hand
        self.report(deaths[each] for each in ready)

    def hear(self, hands):
        """(worker, answer) of one of these."""
        hand = self.answering(hands)
        try:
            return hand, hand.hear()
        except (EOFError, OSError) as failure:      # it died before or within its answer
            hand.process.join(MP_STATUS_CHECK_INTERVAL)
            self.report([hand], failure)

    def report(self, dead, cause=None):
        """Raise what is to be said of workers that died."""
        pids = []
        for hand in dead:
            hand.active = False
            pids.append(str(hand.process.pid))
        raise RuntimeError(f"DataLoader worker (pid(s) {', '.join(pids)}) exited unexpectedly") from cause

    def resume(self, wish):
        """Have all workers begin another pass; answers to questions of the last one are thrown away."""
        for hand in self.hands:
            hand.ask(wish)
        for hand in self.hands:
            while not isinstance(self.hear([hand])[1], type(wish)):
                pass
            hand.active, hand.owes = True, 0
        self.cycle = itertools.cycle(self.hands)

    def dismiss(self):
        """End all workers: they are told to stop, and those that do not are terminated. A copy of this in a forked process does nothing."""
        if os.getpid() != self.owner:
            return
        for hand in self.hands:
            hand.questions.put(None)
        waiting, deadline = deque(self.hands), time.monotonic() + MP_STATUS_CHECK_INTERVAL
        while waiting and time.monotonic() < deadline:
            _drain(waiting, deadline)
        for hand in self.hands:
            if hand.process.is_alive():
                hand.process.terminate()
            hand.process.join(MP_STATUS_CHECK_INTERVAL)
            hand.answers.close()
            hand.questions.close()
        self.hands = []
        parcel.clear(self.directory)


def _drain(waiting, deadline):
    """Read what workers still want to say, for one that waits for a reader does not stop; forget those that ended."""
    pipes = {hand.answers: hand for hand in waiting if not hand.answers.closed}
    ends = {hand.process.sentinel: hand for hand in waiting}
    for ready in wait([*pipes, *ends], max(0, deadline - time.monotonic())):
        if ready in ends:
            waiting.remove(ends[ready])
            continue
        try:
            ready.recv_bytes()
        except (EOFError, OSError):
            ready.close()
