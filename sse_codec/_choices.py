"""The options of the fuzz kit's checks that take one of several values.

They are not in `testing`, because every command of `sse-codec` loads them, and only `fuzz` needs the kit.
"""

#: By role, the options of its check, with their values.
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "consumer": {
        "ids": ("own", "sticky", "either"),
        "retries": ("own", "sticky", "either"),
        "on_eof": ("discard", "dispatch"),
        "comments": ("dropped", "kept", "kept raw"),
    },
    "producer": {"unsendable": ("contained", "refused", "untested"), "ids": ("own", "sticky")},
}
