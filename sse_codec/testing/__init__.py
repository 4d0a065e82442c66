"""For tests of event streams: the standard's algorithm, slow and literal, as the judge of any decoder.

`reference_decode` says what a stream means. It shares no code with the decoders of this package and is never fast.
"""

from ._conforms import assert_conforms
from ._reference import Reference, reference_decode

__all__ = ["Reference", "assert_conforms", "reference_decode"]

for _name in __all__:
    globals()[_name].__module__ = __name__
del _name
