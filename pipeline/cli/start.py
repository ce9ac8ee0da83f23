"""Where `build-video` starts.

The tools beside the film draw a graph in less time than the film's own command line takes to load; so they are found
here, before it. This module knows nothing else: everything that is not a tool goes to `cli`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from pipeline.cli.entrance import TOOLS, as_our_error, check_working_folder, settle_in, stopped_exit_code


def main() -> None:
    """Run the command line of this process."""
    settle_in()
    arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS:
        sys.exit(run_tool(arguments))
    if arguments[:1] == ["studio"]:  # frames are drawn beside a server: idle threads of BLAS would spin
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from pipeline.cli.app import run  # noqa: PLC0415 - only what is needed is loaded
    except ImportError as error:
        sys.exit(_without_packages(arguments, error))
    except KeyboardInterrupt:
        sys.stderr.write("build-video: interrupted. Nothing had begun; what was finished before is kept.\n")
        sys.exit(stopped_exit_code())
    sys.exit(run(arguments))


def _without_packages(arguments: Sequence[str], error: ImportError) -> int:
    """Say what is missing where the command line itself can't be loaded: the doctor needs no package for that."""
    if arguments[:1] != ["doctor"]:
        sys.stderr.write(f"build-video: {as_our_error(error)}\n")
        return 1
    import json  # noqa: PLC0415 - a machine that is whole never comes here
    from pathlib import Path  # noqa: PLC0415

    from pipeline.cli.doctor import as_text, as_values, examine  # noqa: PLC0415

    findings = examine(Path("out"))
    words = json.dumps(as_values(findings)) if "--json" in arguments else as_text(findings)
    sys.stdout.write(f"{words}\n")
    return 1


def run_tool(arguments: Sequence[str]) -> int:
    """Run a tool and return its exit code, with the same words for what goes wrong as everywhere."""
    from pipeline.tools.commands import main as tools_main  # noqa: PLC0415 - only what is needed is loaded

    try:
        check_working_folder()
        return tools_main([argument for argument in arguments if argument != "--debug"])
    except KeyboardInterrupt:
        sys.stderr.write("build-video: interrupted. Nothing was written.\n")
        return stopped_exit_code()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if "--debug" in arguments:
            raise
        failure = as_our_error(error)
    from pipeline.cli.console import print_error  # noqa: PLC0415 - only where something went wrong

    print_error(failure, as_json="--json" in arguments)
    return failure.exit_code
