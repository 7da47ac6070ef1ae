"""``rekvid models``: the model files of the local backend."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rekvid.cli.display import bytes_bar
from rekvid.cli.exits import exit_codes
from rekvid.errors import ModelUnavailableError

app = typer.Typer(no_args_is_help=True, help="Fetch and check the models that detect labels on this machine.")

_Name = Annotated[str, typer.Argument(metavar="NAME", help="A model that `rekvid models list` shows.")]
_Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Models that `rekvid models list` shows.")]


@app.command("list")
def list_() -> None:
    """Show the models that can be fetched, and which of them are here."""
    with exit_codes():
        from rekvid.backends.local.labels.weights import ModelFolder, known

        folder = ModelFolder.of_user()
        table = Table()
        for heading in ("name", "state", "size", "licence", "about"):
            table.add_column(heading, justify="right" if heading == "size" else "left")
        for model in known():
            size = f"{model.size / 1e6:.1f} MB"
            table.add_row(model.name, folder.state_of(model), size, model.licence, model.about)
    Console().print(table)
    typer.echo(f"Folder: {folder.path}")  # not in the table, which would break a long one


@app.command()
def pull(names: _Names = None) -> None:
    """Fetch models; without a NAME, the one that label detection uses by default.

    A fetch that was broken off goes on where it ended. A file is checked before it is used.
    """
    with exit_codes():
        from rekvid.backends.local.labels.weights import DEFAULT_MODEL, ModelFolder, find

        folder = ModelFolder.of_user()
        for model in [find(name) for name in names or [DEFAULT_MODEL]]:
            with bytes_bar(Console(stderr=True), f"Fetching {model.name}", after=0) as follow:
                path = folder.pull(model, on_progress=follow)
            typer.echo(path)


@app.command()
def verify(names: _Names = None) -> None:
    """Read models from first to last byte and compare size and SHA-256; without a NAME, all that are here.

    The exit code is 1 if one is damaged or missing.
    """
    with exit_codes():
        from rekvid.backends.local.labels.weights import ModelFolder, find, known

        folder = ModelFolder.of_user()
        models = [find(name) for name in names or ()] or [each for each in known() if folder.path_of(each).exists()]
        if not models:
            raise ModelUnavailableError(f"no model is in {folder.path}; `rekvid models pull` fetches one")
        failed = False
        for model in models:
            try:
                typer.echo(f"{model.name}: good, {folder.require(model)}")
            except ModelUnavailableError as error:
                typer.echo(f"rekvid: {error}", err=True)
                failed = True
    if failed:
        raise typer.Exit(1)


@app.command()
def path(name: _Name) -> None:
    """Print where a model lies, or would lie: the file to put there by hand on a machine without a connection."""
    with exit_codes():
        from rekvid.backends.local.labels.weights import ModelFolder, find

        typer.echo(ModelFolder.of_user().path_of(find(name)))
