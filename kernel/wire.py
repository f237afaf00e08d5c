"""Jupyter's messages on the wire: reads and writes signed frames."""

import dataclasses
import datetime
import hashlib
import hmac
import json
import uuid

DELIMITER = b"<IDS|MSG>"


@dataclasses.dataclass
class Message:
    """One message, and who is to get an answer to it."""
    header: dict
    parent: dict
    metadata: dict
    content: dict
    idents: list = dataclasses.field(default_factory=list)
    buffers: list = dataclasses.field(default_factory=list)

    @property
    def kind(self):
        return self.header.get("msg_type")

    @property
    def ident(self):
        return self.header.get("msg_id")

    @property
    def asked(self):
        """Which request this belongs to."""
        return self.parent.get("msg_id")


class Wire:
    """Signs messages with a key, and reads those that are signed with it."""

    def __init__(self, key):
        self.key = key.encode()
        self.session = uuid.uuid4().hex

    def sign(self, parts):
        if not self.key:
            return b""
        return hmac.new(self.key, b"".join(parts), hashlib.sha256).hexdigest().encode()

    def pack(self, message):
        parts = [json.dumps(part).encode() for part in (message.header, message.parent, message.metadata, message.content)]
        return [*message.idents, DELIMITER, self.sign(parts), *parts, *message.buffers]

    def unpack(self, frames):
        """The message, or None for what is none or was signed with another key: a stranger's."""
        if DELIMITER not in frames:
            return None
        at = frames.index(DELIMITER)
        if len(frames) < at + 6:
            return None
        signature, *parts = frames[at + 1:at + 6]
        if not hmac.compare_digest(signature, self.sign(parts)):
            return None
        try:
            header, parent, metadata, content = map(json.loads, parts)
        except ValueError:
            return None
        if not all(isinstance(part, dict) for part in (header, parent, metadata, content)):
            return None
        return Message(header, parent, metadata, content, frames[:at], frames[at + 6:])

    def new(self, kind, content, parent=None, idents=(), metadata=None):
        """A message of our own."""
        header = {
            "msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.session, "username": "kernel", "version": "5.3",
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        }
        return Message(header, parent or {}, metadata or {}, content, list(idents))
