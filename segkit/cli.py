"""The command line. Commands are thin: each calls one function of the library and says what came of it."""

import functools
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from segkit.core.errors import SegkitError, SettingsError, UsageError

app = typer.Typer(
    help="Supply-chain micro-segmentation: differentiated policies from a company's own history.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# read by _plainly, which wraps every command
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Workspaces = Annotated[list[Path], typer.Argument(metavar="WORKSPACE...", help="Folders with segkit.toml.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting, e.g. orders.free_lines=keep.")
]
Reports = Annotated[Path | None, typer.Option("--reports", metavar="DIR", help="Folder for reports.")]


def _plainly(command: Callable[..., None]) -> Callable[..., None]:
    """Turn errors into messages and exit codes; with ``--debug`` the traceback comes first."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except SegkitError as error:
            _show_error(error, str(error), options["debug"])
            raise typer.Exit(error.exit_code) from None
        except typer.Exit:
            raise
        except OSError as error:
            _show_error(error, str(error), options["debug"])
            raise typer.Exit(1) from None
        except Exception as error:
            text = f"{type(error).__name__}: {error}\nThis looks like a fault in segkit; --debug shows where."
            _show_error(error, text, options["debug"])
            raise typer.Exit(1) from None

    return run


@app.command()
@_plainly
def sample(
    folder: Annotated[Path, typer.Argument(help="New folder for the workspace.")],
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Write the sample company, ready to run."""
    from segkit.sample import write_sample

    if (folder / "segkit.toml").exists() and not (folder / "planted.toml").exists():
        raise SettingsError(f"{folder} is another workspace\nGive a new folder for the sample company.")
    write_sample(folder)
    typer.echo(f"Workspace: {folder}\nRun it with: segkit run {folder}")


@app.command()
@_plainly
def new(
    name: Annotated[str, typer.Argument(help="Name of the new workspace; its folder is made here.")],
    orders: Annotated[Path, typer.Option("--orders", metavar="FILE", help="File with the order lines.")],
    mapping: Annotated[str | None, typer.Option("--mapping", help="Shipped mapping to start from.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the segkit.toml that is there.")] = False,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Look at a file, propose its mapping and write a workspace."""
    from segkit.core.propose.workspace import new_workspace

    typer.echo(new_workspace(name, orders=orders, mapping=mapping, force=force))


@app.command()
@_plainly
def check(
    workspaces: Workspaces,
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Know nothing later.")] = None,
    set_: Set = None,
    debug: Debug = False,
) -> None:
    """Check settings and data of workspaces; exit 2 with every problem at once."""
    from segkit.prepare import check_workspace

    problems = []
    for workspace in workspaces:
        try:
            typer.echo(check_workspace(workspace, as_of=_day(as_of), overrides=_overrides(set_)))
        except SegkitError as error:
            _show_error(error, f"{workspace}: {error}", debug)
            problems.append(error)
    if problems:
        raise typer.Exit(max(error.exit_code for error in problems))


@app.command()
@_plainly
def run(
    workspaces: Workspaces,
    as_of: Annotated[list[str] | None, typer.Option("--as-of", metavar="DATE", help="Again for more dates.")] = None,
    only: Annotated[str | None, typer.Option("--only", metavar="0,1", help="Numbers of the notebooks to run.")] = None,
    set_: Set = None,
    reports: Reports = None,
    force: Annotated[bool, typer.Option("--force", help="Redo a run that is already done.")] = False,
    allow_stale: Annotated[bool, typer.Option("--allow-stale", help="Report on old data.")] = False,
    allow_shrunk: Annotated[bool, typer.Option("--allow-shrunk", help="Report on fewer rows than before.")] = False,
    on_failure: Annotated[str, typer.Option("--on-failure", metavar="CMD", help="Command for a run that failed.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Notebooks at a time.")] = 2,
    debug: Debug = False,
) -> None:
    """Run the notebooks and publish a report for each workspace.

    Exit codes: 0 done, 1 failed, 2 usage or settings, 3 some notebooks failed, 75 locked.
    """
    from segkit.report.runner.clients import call_on_failure, overall_exit_code, run_workspaces
    from segkit.report.runner.parts import RunOptions, RunResult
    from segkit.report.runner.progress import BarProgress, LineProgress

    signal.signal(signal.SIGTERM, _leave)
    progress = BarProgress() if sys.stdout.isatty() else LineProgress(sys.stdout)

    def tell(result: RunResult) -> None:
        if result.exit_code:
            _show_error(result.error, f"{result.workspace}: {result.reason}", debug)
            if on_failure and (problem := call_on_failure(on_failure, result)):
                typer.echo(problem, err=True)
        else:
            progress.say(_report_line(result))

    with progress:
        results = run_workspaces(
            workspaces,
            as_of=[day for text in as_of or [] for day in [_day(text)] if day],
            only=_numbers(only),
            overrides=_overrides(set_),
            options=RunOptions(reports, force, allow_stale, allow_shrunk, jobs),
            progress=progress,
            tell=tell,
        )
    raise typer.Exit(overall_exit_code(results))


@app.command()
@_plainly
def status(
    workspaces: Annotated[list[str] | None, typer.Argument(metavar="[WORKSPACE...]", help="All if none.")] = None,
    max_age: Annotated[
        str | None, typer.Option("--max-age", metavar="26h", help="Older reports are a problem.")
    ] = None,
    reports: Reports = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Say how old each newest complete report is; exit 1 if one is too old or the last attempt failed."""
    from datetime import UTC, datetime

    from segkit.report.runner.status import parse_age, reported_workspaces, status_folder, workspace_status

    oldest = parse_age(max_age) if max_age else None
    folder = reports or Path("reports")
    folders = [status_folder(name, reports) for name in workspaces or []] or reported_workspaces(folder)
    if not folders:
        raise SettingsError(f"no reports in {folder}\nMake one with: segkit run WORKSPACE")
    found = [workspace_status(path, oldest, datetime.now(UTC)) for path in folders]
    for entry in found:
        typer.echo(str(entry))
    raise typer.Exit(1 if any(entry.problem for entry in found) else 0)


@app.command()
@_plainly
def overrides(
    workspace: Annotated[Path, typer.Argument(metavar="WORKSPACE", help="Folder with segkit.toml.")],
    workbook: Annotated[Path, typer.Argument(metavar="WORKBOOK", help="A run's segkit.xlsx, edited and saved.")],
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Take over what a person typed into a workbook: sheets class_overrides and policy_overrides."""
    from segkit.report.take_overrides import take_overrides

    typer.echo(take_overrides(workspace, workbook))


@app.command()
@_plainly
def promise(
    orders: Annotated[Path, typer.Argument(metavar="ORDERS", help="File with new order lines: CSV, Parquet, Excel.")],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder with segkit.toml.")] = Path("."),
    as_of: Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Know nothing later.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Default: ORDERS.promised.csv.")] = None,
    set_: Set = None,
    debug: Debug = False,  # noqa: ARG001
) -> None:
    """Promise new order lines behind the open ones: quantity, day, whose quota, why not earlier."""
    from segkit.promise_batch import promise_batch

    typer.echo(promise_batch(orders, workspace, as_of=_day(as_of), out=out, overrides=_overrides(set_)))


def main() -> None:
    """Run the command line."""
    app()


def _report_line(result: Any) -> str:
    done = "" if result.status == "done" else f"{result.workspace}: already done; --force does it again\n"
    from segkit.report.runner.publish import latest_report

    there = latest_report(result.report.parent) is not None
    stays = " (latest stays as it was)" if there else " (there is no latest yet: run without --only)"
    stays = "" if result.is_latest else stays
    return f"{done}Report: {_short(result.page)}{stays}"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _show_error(error: BaseException | None, text: str, debug: bool) -> None:
    if debug and error:
        traceback.print_exception(error)
    typer.echo(f"{type(error).__name__}: {text}" if isinstance(error, SegkitError) else text, err=True)


def _overrides(texts: list[str] | None) -> dict[str, Any]:
    from segkit.core.settings import merge_settings, parse_override

    merged: dict[str, Any] = {}
    for text in texts or []:
        merged = merge_settings(merged, parse_override(text))
    return merged


def _numbers(text: str | None) -> list[str] | None:
    """Return the numbers of notebooks; None where the option was not given."""
    if text is None:
        return None
    if numbers := [number.strip() for number in text.split(",") if number.strip()]:
        return numbers
    raise UsageError(f"--only {text!r}: give the numbers of notebooks, such as --only 0,1")


def _day(text: str | None) -> str | None:
    from datetime import date

    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--as-of {text}: write it like 2025-12-31") from None


def _leave(*_: object) -> None:
    """End on SIGTERM as on an error: kernels are ended and the staging folder is cleared."""
    raise SystemExit(143)
