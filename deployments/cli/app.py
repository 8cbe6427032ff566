"""The commands and their help texts; each imports what it needs when it runs."""

import sys
from pathlib import Path
from typing import Any

import click

from tasks.errors import ConfigError, FinetuneError

FAILED, USAGE = 1, 2


class _Errors(click.Group):
    """Shows the project's own errors as one message instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FinetuneError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(USAGE if isinstance(error, ConfigError) else FAILED)


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="finetune-flows")
def main() -> None:
    """Fine-tune a language model and release it only when it is proven.

    \b
    finetune-flows run finetune --profile deployments/profiles/demo.yaml
    finetune-flows run finetune --profile mine.yaml --set training.num_train_epochs=2 --set name=mails
    finetune-flows show mails
    finetune-flows verify mails
    """  # noqa: D301 - click's own mark for lines that stay as they are


@main.command()
@click.argument("flow")
@click.option(
    "--profile",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="YAML file with the flow's parameters (see deployments/profiles/).",
)
@click.option(
    "--set",
    "overrides",
    metavar="KEY.SUB=VALUE",
    multiple=True,
    help="Override one parameter; the value is read as YAML. Repeat it for more.",
)
@click.option("--check", "check_only", is_flag=True, help="Check the parameters and stop before anything runs.")
@click.option(
    "--dry-run",
    "dry",
    is_flag=True,
    help="Only prepare_dataset: print the report on the data, made in seconds; nothing is kept, no server starts.",
)
def run(flow: str, profile: Path | None, overrides: tuple[str, ...], check_only: bool, dry: bool) -> None:
    """Run FLOW in this process (`finetune-flows flows` lists them).

    Works without a server; with PREFECT_API_URL set, the run shows on that server. Unknown keys and wrong values are
    errors, all listed at once.

    \b
    Exit code: 0 completed, 1 failed, 2 wrong parameters, 3 rejected by the gate.
    """  # noqa: D301
    from deployments.cli.run import dry_run_flow, run_flow

    if dry:
        sys.exit(dry_run_flow(flow, profile, overrides))
    sys.exit(run_flow(flow, profile, overrides, check_only=check_only))


@main.command("flows")
def list_flows() -> None:
    """List the flows and their parameters."""
    from deployments.cli.registry import describe_flows

    click.echo(describe_flows())


@main.command()
@click.argument("what", default="", metavar="[NAME | KIND/KEY]")
def show(what: str) -> None:
    """List the releases (of NAME), or show the manifest of the artefact KIND/KEY."""
    from deployments.cli.show import show_artifact, show_releases

    click.echo(show_artifact(what) if "/" in what else show_releases(what))


@main.command()
@click.argument("release", metavar="RELEASE")
@click.option(
    "--public-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM file of the key that must have signed the release.",
)
@click.option("--strict", is_flag=True, help="What could not be checked counts as failed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(release: str, public_key: Path | None, strict: bool, as_json: bool) -> None:
    """Check everything of RELEASE again, offline: a directory, NAME (its champion), or NAME/vN.

    Files against their checksums, none missing and none too many; signature, bill of materials, model card, weights,
    tokenizer and template against the contract, verdict, parity, live proof, licence.

    \b
    Exit code: 0 nothing failed, 1 something did, 2 no such release.
    """  # noqa: D301
    from deployments.cli.verify import verify_text

    text, good = verify_text(release, public_key, strict=strict, as_json=as_json)
    click.echo(text)
    sys.exit(0 if good else FAILED)


@main.command()
@click.option("--days", default=14, show_default=True, type=click.IntRange(min=0), help="Keep what is younger.")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", is_flag=True, help="Remove without asking.")
def clean(days: int, dry_run: bool, yes: bool) -> None:
    """Remove what no release needs and no run uses.

    Artefacts that no release came from and scratch folders, older than --days; half-written and damaged folders of any
    age. What a run is writing is left alone, what it only reads is not: clean up between runs. An artefact that is
    needed later is built again.
    """
    from deployments.cli.clean import removable, remove, size_of

    found = removable(days)
    sizes = [size_of(path) for path, _ in found]
    for (path, why), size in zip(found, sizes, strict=True):
        click.echo(f"{size / 1e6:10.1f} MB  {path}  ({why})")
    click.echo(f"{len(found)} folders, {sum(sizes) / 1e6:.1f} MB")
    if not found or dry_run:
        return
    if not yes:
        click.confirm("Remove them?", abort=True)
    click.echo(f"removed {remove(days)} folders")
