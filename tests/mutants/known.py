"""Mutants that change nothing anybody could see, each with the reason. They are not planted."""

EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        "bookkeeping/rules/migration.py",
        "indent=1",
        "indent=2",
    ): "How far the manifest is indented is nobody's business: its fingerprint is of the text as it was shown.",
    (
        "bookkeeping/rules/documents.py",
        "sort_keys=True",
        "sort_keys=False",
    ): "The keys come from dataclasses, in their order. Sorted, a field may be moved without every document being written again.",
    (
        "bookkeeping/rules/migration.py",
        "if desired and replacement:",
        "if desired or replacement:",
    ): "The replacement is made from the documents: one is there exactly when the other is.",
}
"""By path and the text before and after (`Mutant.key`)."""
