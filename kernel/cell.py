"""A cell that is being run."""

import dataclasses

import timing
from wire import Message


@dataclasses.dataclass
class Cell:
    """A cell that is being run, and what is known of it so far."""
    request: Message
    count: int
    compiled: int  # how many compilations there were before it
    reply: dict | None = None
    idle: bool = False
    asking: bool = False  # whether it waits for a line of the reader's
    ended: set = dataclasses.field(default_factory=set)  # streams that have said all
    panics: list = dataclasses.field(default_factory=list)
    failure: list | None = None
    caught: list | None = None  # the panic that ended it
    dying: bool = False
    words: list = dataclasses.field(default_factory=list)  # its last ones
    errors: list = dataclasses.field(default_factory=list)
    began: int = dataclasses.field(default_factory=timing.now)
    marks: dict = dataclasses.field(default_factory=dict)  # when its own code began and ended
    heard: float = 0.0  # when something was last said
    replied: float = 0.0

    @property
    def code(self):
        return str(self.request.content.get("code") or "")

    @property
    def silent(self):
        return self.request.content.get("silent", False)

    @property
    def hidden(self):
        """Whether it is one of our own: nobody is to be told of it."""
        return not self.request.idents

    @property
    def stops(self):
        """Whether its failure drops the cells behind it."""
        return not self.silent and self.request.content.get("stop_on_error", True)
