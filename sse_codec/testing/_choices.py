"""The options of the checks that take one of several values. `sse-codec fuzz` has them too; importing this is cheap."""

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
