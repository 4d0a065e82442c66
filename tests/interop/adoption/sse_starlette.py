from sse_starlette import ServerSentEvent

from sse_codec import encode_block


def encode(self: ServerSentEvent) -> bytes:
    block = encode_block(
        None if self.data is None else str(self.data),
        event=self.event,
        id=self.id,
        retry=self.retry,
        comment=None if self.comment is None else str(self.comment),
    )
    return block.replace(b"\n", self._sep.encode())
