"""The command `finetune-flows`: run a flow from YAML, look at releases and artefacts, clean up.

Nothing heavy is imported before a command needs it: `finetune-flows --help` answers at once.
"""

from deployments.cli.app import main

__all__ = ["main"]
